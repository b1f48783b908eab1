"""Each example that can be tried without Azure and LiveKit is tried so, as a process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fakes.limits import LONG_LIMIT_SECONDS, within
from fakes.worker_process import EXAMPLES

from livekit_plugins_azure_interpreter.emulator import ECHOED, Behaviour, Emulator

_SECONDS = 3.4
"""The sentence, and the pause after it."""
_FRENCH = "Bonjour, et bienvenue à la conférence."
_EMULATED = "Without AZURE_SPEECH_KEY, Azure Speech is emulated: nothing is recognized or translated."
_SAMPLES = [
    ("captions_agent.py", "sample"),
    ("assistant_agent.py", "sample"),
    ("personal_voice.py", "--voice", "fr-FR-DeniseNeural"),
    ("interpret_file.py",),
]


Try = Callable[..., Awaitable[tuple[int | None, list[str]]]]


@pytest.fixture
def run() -> Try:
    """An example's exit code, and the lines that it has printed.

    `interrupt_at`: press Ctrl-C when this is printed. Others are variables of its environment.
    """

    async def run_example(
        name: str, *arguments: object, interrupt_at: str | None = None, **variables: str
    ) -> tuple[int | None, list[str]]:
        environment = {name: value for name, value in os.environ.items() if "AZURE" not in name}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-u",
            str(EXAMPLES / name),
            *map(str, arguments),
            # Rich cuts lines to the terminal's width.
            env={**environment, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8", **variables},
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
            printed = await within(read(), LONG_LIMIT_SECONDS)
        except asyncio.TimeoutError:
            process.kill()
            raise
        return process.returncode, printed

    return run_example


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as wav:
        return wav.getnframes() / wav.getframerate()


@pytest.fixture(params=_SAMPLES, ids=lambda command: command[0])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[object, ...]:
    """Each of the examples, on the sample."""
    out = () if "sample" in request.param else ("--out", tmp_path / "heard.wav")
    return (*request.param, *out)


async def test_captions_of_a_users_own_recording_are_no_words(run: Try, sentence: Path) -> None:
    code, printed = await run("captions_agent.py", "sample", sentence)
    assert printed[0].startswith(_EMULATED)
    assert (code, printed[1:]) == (0, [f"fr: {ECHOED}", f"de: {ECHOED}"])


async def test_a_personal_voice_greets_before_the_translation(
    run: Try, sentence: Path, tmp_path: Path
) -> None:
    code, printed = await run("personal_voice.py", sentence, "--out", tmp_path / "heard.wav")
    assert code == 0
    assert [line for line in printed if line.startswith("→")][1:] == [f"→ {ECHOED}"]
    assert printed[-1].endswith("right the 2 speeches that were heard")
    assert _seconds(tmp_path / "heard.wav") > _SECONDS


async def test_a_users_own_recording_is_echoed_and_labelled_so(
    run: Try, sentence: Path, tmp_path: Path
) -> None:
    code, printed = await run("interpret_file.py", sentence, "--to", "de", "--out", tmp_path / "heard.wav")
    assert code == 0
    assert printed[0].startswith(_EMULATED)
    assert [line.split() for line in printed if "→" in line] == [["→", "de", *ECHOED.split()]]
    assert printed[-1].endswith("heard.wav: left what was said, right what was heard")
    assert _seconds(tmp_path / "heard.wav") > _SECONDS


async def test_silence_is_told_where_the_service_answers(run: Try, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(bytes(32000))
    code, printed = await run("interpret_file.py", silence, "--out", tmp_path / "heard.wav")
    assert (code, printed[-1]) == (0, "No speech was recognized.")


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
    assert (code, printed) == (2, ["error: there is no file missing.wav"])


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
    assert (code, printed) == (2, [f"error: --out: {told}"])


async def test_a_wrong_key_is_one_line(run: Try, command: tuple[object, ...]) -> None:
    async with Emulator(Behaviour(key="right")) as emulator:
        code, printed = await run(*command, AZURE_SPEECH_KEY="wrong", AZURE_SPEECH_ENDPOINT=emulator.endpoint)
    assert code == 1
    told = [line for line in printed if not line.startswith(("→", "Interpreting to")) and line]
    assert len(told) == 1
    assert told[0].startswith("error: Azure refused the credentials: check speech_key (AZURE_SPEECH_KEY)")


async def test_a_service_that_cannot_be_reached_is_an_error(run: Try, command: tuple[object, ...]) -> None:
    nobody = "ws://127.0.0.1:1/speech/universal/v2"
    code, printed = await run(*command, AZURE_SPEECH_KEY="any", AZURE_SPEECH_ENDPOINT=nobody)
    assert code == 1
    (error,) = [line for line in printed if line.startswith("error: ")]
    assert "could not be reached" in error
    assert [line for line in printed if line.endswith("(trying again)")]
    assert [line for line in printed if "No speech was recognized" in line or "Traceback" in line] == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
async def test_ctrl_c_ends_it_by_its_exit_code_and_without_a_traceback(
    run: Try, command: tuple[object, ...]
) -> None:
    code, printed = await run(*command, interrupt_at=_FRENCH)
    assert (code, printed[-1]) == (130, "interrupted")
    assert [line for line in printed if "Traceback" in line] == []
    assert printed[0].startswith(_EMULATED)
