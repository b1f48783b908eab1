"""The examples of docs/emulator.md, each run as it is printed; only the port is another."""

from __future__ import annotations

import asyncio
import json
import os
import re
import runpy
import shlex
import sys
import wave
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import toolchains
from fakes.limits import LONG_LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    EmulatorThread,
    Exchange,
    RecordedConnection,
    load_script,
)
from livekit_plugins_azure_interpreter.emulator.__main__ import main

pytestmark = pytest.mark.native

_PAGE = Path(__file__).parents[3] / "docs" / "emulator.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_ADDRESS = "127.0.0.1:8765"
_COMMAND = "python -m livekit_plugins_azure_interpreter.emulator"
_GOOD_MORNING = "Good morning.\n"
_HEADER_BYTES = 44

Run = Callable[..., Awaitable[str]]
RunHere = Callable[[Path], str]


def _sections() -> dict[str, str]:
    """The first block of each section, by the section's name."""
    sections = re.split(r"^##+ ", _TEXT, flags=re.MULTILINE)[1:]
    blocks = ((section, re.search(r"```\w+\n(.*?)```", section, re.DOTALL)) for section in sections)
    return {section.partition("\n")[0]: block[1] for section, block in blocks if block}


_BLOCKS = _sections()


@pytest.fixture
def emulator(audio: Any, tmp_path: Path) -> Iterator[EmulatorThread]:
    """An emulator with the script of the page; beside the examples is the recording that they hear."""
    script = tmp_path / "script.json"
    script.write_text(_BLOCKS["Start it"], encoding="utf-8")
    with wave.open(str(tmp_path / "speech.wav"), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(audio.utterance())
    with EmulatorThread(Behaviour(script=load_script(script))) as emulator:
        yield emulator


@pytest.fixture
def quickstart(emulator: EmulatorThread, tmp_path: Path) -> Callable[[str, str], Path]:
    """Write the example of a section to a file."""
    address = emulator.endpoint.split("/")[2]

    def write(section: str, name: str) -> Path:
        path = tmp_path / name
        path.write_text(_BLOCKS[section].replace(_ADDRESS, address), encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program beside the examples; what it prints."""

    async def do(*command: str | Path) -> str:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            cwd=tmp_path,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await within(process.communicate(), LONG_LIMIT_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, (output + errors).decode()
        return output.decode()

    return do


@pytest.fixture
def run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunHere:
    """The same in this process, which has imported LiveKit already; what a Python program prints."""

    def do(program: Path) -> str:
        monkeypatch.chdir(tmp_path)
        runpy.run_path(str(program), run_name="__main__")
        return capsys.readouterr().out

    return do


def _seconds(path: Path, sample_rate: int) -> float:
    # The header of a stream does not say how long it is.
    return (path.stat().st_size - _HEADER_BYTES) / 2 / sample_rate


async def test_python_hears_and_speaks(quickstart: Any, run: Run, tmp_path: Path) -> None:
    assert await run(sys.executable, quickstart("Python", "quickstart.py")) == _GOOD_MORNING
    assert _seconds(tmp_path / "voice.wav", 16000) == pytest.approx(0.5, abs=0.001)


async def test_javascript_hears(quickstart: Any, run: Run, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(toolchains.javascript_sdk().parent)
    output = await run(toolchains.program("node"), quickstart("JavaScript", "quickstart.mjs"))
    assert output == _GOOD_MORNING


async def test_java_hears(quickstart: Any, run: Run, tmp_path: Path) -> None:
    classes = os.pathsep.join([str(toolchains.java_sdk()), str(tmp_path)])
    await run(toolchains.program("javac"), "-cp", classes, quickstart("Java", "Quickstart.java"))
    assert await run(toolchains.program("java"), "-cp", classes, "Quickstart") == _GOOD_MORNING


def test_livekit_hears_and_speaks(quickstart: Any, run_here: RunHere) -> None:
    assert run_here(quickstart("LiveKit", "quickstart.py")) == "['Good morning.']\n0.5\n"


async def test_pipecat_hears_and_speaks(quickstart: Any, run: Run, emulator: EmulatorThread) -> None:
    output = await run(toolchains.pipecat_python(), quickstart("pipecat", "quickstart.py"))
    assert output == _GOOD_MORNING
    assert [synthesized.text for synthesized in emulator.synthesized] == ["Good morning."]


async def test_curl_speaks(quickstart: Any, run: Run, tmp_path: Path) -> None:
    toolchains.program("curl")
    await run(toolchains.program("bash"), quickstart("curl", "quickstart.sh"))
    assert _seconds(tmp_path / "voice.wav", 24000) == pytest.approx(0.5, abs=0.001)


def test_a_thread_serves_a_program(quickstart: Any, run_here: RunHere) -> None:
    output = run_here(quickstart("Other test frameworks", "quickstart.py"))
    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/speech/universal/v2\n", output)


def test_each_example_of_the_page_is_run() -> None:
    assert len(re.findall(r"^```\w+$", _TEXT, re.MULTILINE)) == len(_BLOCKS)
    clients = {"Python", "JavaScript", "Java", "LiveKit", "pipecat", "curl"}
    # tests/integration/test_documented_code.py runs that of asyncio, with those of the other pages.
    # tests/deploy/test_emulator_image.py runs that of the container, tests/test_pytest_azure_speech.py that
    # of pytest.
    others = {"Start it", "pytest", "Other test frameworks", "asyncio", "In a container"}
    assert set(_BLOCKS) == clients | others


@pytest.mark.parametrize("command", re.findall(rf"^    {_COMMAND} (.*)$", _TEXT, re.MULTILINE))
def test_each_command_of_the_page_is_understood(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.json").write_text(_BLOCKS["Start it"], encoding="utf-8")
    session = Exchange(connections=[RecordedConnection()])
    (tmp_path / "session.json").write_text(session.to_json(), encoding="utf-8")
    # The odd size is refused when all else was understood, so it does not listen.
    assert main([*shlex.split(command), "--chunk-bytes", "3"]) == 2
    assert "chunk_bytes" in capsys.readouterr().err


def test_the_script_of_the_page_is_json() -> None:
    assert json.loads(_BLOCKS["Start it"])["lines"][0]["text"] == _GOOD_MORNING.strip()
