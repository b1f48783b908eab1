"""Each example that can be tried without Azure and LiveKit is tried so, with one sentence."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fakes.worker_process import EXAMPLES

from livekit_plugins_azure_interpreter.emulator import Voice

_SECONDS = 3.6
"""The sample's first sentence, and the pause after it."""
_LIMIT_SECONDS = 90.0
"""A few seconds of work to start, on a machine that may be busy."""
_FRENCH = "Bonjour à toutes et à tous, et bienvenue à notre réunion."
_GERMAN = "Guten Morgen und willkommen zu unserer Sitzung."

pytestmark = pytest.mark.timeout(_LIMIT_SECONDS + 10)

Try = Callable[..., Awaitable[tuple[int | None, list[str]]]]


@pytest.fixture
def sentence(tmp_path: Path) -> Path:
    sample = Voice.from_wav(EXAMPLES / "sample" / "english.wav")
    path = tmp_path / "sentence.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, sample.sample_rate, 0, "NONE", ""))
        wav.writeframes(sample.pcm[: 2 * round(_SECONDS * sample.sample_rate)])
    return path


@pytest.fixture
def run() -> Try:
    """An example's exit code, and the lines that it has printed.

    `interrupt_at`: press Ctrl-C when this is printed.
    """

    async def run_example(
        name: str, *arguments: object, interrupt_at: str | None = None
    ) -> tuple[int | None, list[str]]:
        environment = {name: value for name, value in os.environ.items() if "AZURE" not in name}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-u",
            str(EXAMPLES / name),
            *map(str, arguments),
            # Rich cuts lines to the terminal's width.
            env={**environment, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

        async def read() -> list[str]:
            assert process.stdout is not None
            lines = []
            async for line in process.stdout:
                lines.append(line.decode().rstrip("\r\n"))
                if interrupt_at and interrupt_at in lines[-1]:
                    process.send_signal(signal.SIGINT)
            await process.wait()
            return lines

        try:
            printed = await asyncio.wait_for(read(), _LIMIT_SECONDS)
        except asyncio.TimeoutError:
            process.kill()
            raise
        return process.returncode, printed

    return run_example


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as wav:
        return wav.getnframes() / wav.getframerate()


async def test_captions_are_read_in_both_languages(run: Try, sentence: Path) -> None:
    code, printed = await run("captions_agent.py", "sample", sentence)
    assert (code, printed[1:]) == (0, [f"fr: {_FRENCH}", f"de: {_GERMAN}"])


async def test_the_assistant_greets_and_answers_the_translated_text(run: Try, sentence: Path) -> None:
    code, printed = await run("assistant_agent.py", "sample", sentence)
    said = [line for line in printed if line.startswith(("assistant: ", "user: "))]
    assert code == 0
    assert said[0].startswith("assistant: Bonjour, ")
    assert said[1:] == [f"user: {_FRENCH}", f"assistant: {_FRENCH}"]


async def test_a_personal_voice_greets_before_the_translation(
    run: Try, sentence: Path, tmp_path: Path
) -> None:
    code, printed = await run("personal_voice.py", sentence, "--out", tmp_path / "heard.wav")
    assert code == 0
    assert [line for line in printed if line.startswith("→")][1:] == [f"→ {_FRENCH}"]
    assert printed[-1].endswith("right the 2 speeches that were heard")
    assert _seconds(tmp_path / "heard.wav") > _SECONDS


async def test_a_file_is_interpreted(run: Try, sentence: Path, tmp_path: Path) -> None:
    code, printed = await run("interpret_file.py", sentence, "--to", "de", "--out", tmp_path / "heard.wav")
    assert code == 0
    assert printed[-1].endswith("heard.wav: left what was said, right what was heard")
    assert _seconds(tmp_path / "heard.wav") > _SECONDS


@pytest.mark.parametrize(
    "command",
    [
        ("captions_agent.py", "sample", "missing.wav"),
        ("personal_voice.py", "missing.wav"),
        ("interpret_file.py", "missing.wav"),
    ],
    ids=lambda command: command[0],
)
async def test_a_file_that_is_not_there_is_one_line(run: Try, command: tuple[str, ...]) -> None:
    code, printed = await run(*command)
    assert code in (1, 2)
    assert printed == ["error: there is no file missing.wav"]


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("missing/heard.wav", "there is no folder missing"),
        (".", ". is a folder, not a file"),
    ],
)
@pytest.mark.parametrize("name", ["interpret_file.py", "personal_voice.py"])
async def test_where_nothing_can_be_written_is_told_before_the_work(
    run: Try, name: str, out: str, told: str
) -> None:
    code, printed = await run(name, "--out", out)
    assert code in (1, 2)
    assert printed == [f"error: --out: {told}"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize(
    "command",
    [
        ("captions_agent.py", "sample"),
        ("assistant_agent.py", "sample"),
        ("personal_voice.py",),
        ("interpret_file.py",),
    ],
    ids=lambda command: command[0],
)
async def test_ctrl_c_ends_it_by_its_exit_code_and_without_a_traceback(
    run: Try, tmp_path: Path, command: tuple[str, ...]
) -> None:
    out = ("--out", tmp_path / "heard.wav") if "sample" not in command else ()
    code, printed = await run(*command, *out, interrupt_at=_FRENCH)
    assert code == 130
    assert [line for line in printed if "Traceback" in line] == []
