"""Each example that can be tried without Azure and LiveKit is tried so, with one sentence."""

from __future__ import annotations

import asyncio
import os
import sys
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fakes.worker_process import EXAMPLES

from livekit_plugins_azure_interpreter.emulator import Voice

_SECONDS = 3.6
"""The sample's first sentence, and the pause after it."""
_LIMIT_SECONDS = 50.0
_FRENCH = "Bonjour à toutes et à tous, et bienvenue à notre réunion."
_GERMAN = "Guten Morgen und willkommen zu unserer Sitzung."

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
    """An example's exit code, and the lines that it has printed."""

    async def run_example(name: str, *arguments: object) -> tuple[int | None, list[str]]:
        environment = {name: value for name, value in os.environ.items() if "AZURE" not in name}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(EXAMPLES / name),
            *map(str, arguments),
            # Rich cuts lines to the terminal's width.
            env={**environment, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            printed, _ = await asyncio.wait_for(process.communicate(), _LIMIT_SECONDS)
        except asyncio.TimeoutError:
            process.kill()
            raise
        return process.returncode, printed.decode().splitlines()

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
    ],
    ids=lambda command: command[0],
)
async def test_a_file_that_is_not_there_is_one_line(run: Try, command: tuple[str, ...]) -> None:
    code, printed = await run(*command)
    assert code in (1, 2)
    assert printed == ["error: there is no file missing.wav"]
