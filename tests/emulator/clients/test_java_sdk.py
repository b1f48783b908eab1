"""Microsoft's SDK for Java."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import toolchains
from fakes.limits import LONG_LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

pytestmark = pytest.mark.native

_TASKS = Path(__file__).parent / "java" / "Tasks.java"
_SCRIPT = (
    Line("Good morning, all.", translations={"fr": "Bonjour."}),
    Line("Goodbye.", translations={"fr": "Au revoir."}),
)

Ask = Callable[..., Awaitable[list[str]]]


async def _output(*command: str) -> str:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        output, errors = await within(process.communicate(), LONG_LIMIT_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return output.decode()


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled tasks are."""
    folder = tmp_path_factory.mktemp("java")
    options = ["-cp", str(toolchains.java_sdk()), "-d", str(folder)]
    command = [toolchains.program("javac"), *options, str(_TASKS)]
    subprocess.run(command, check=True, timeout=LONG_LIMIT_SECONDS)
    return folder


@pytest.fixture
def ask(classes: Path, audio: Any, tmp_path: Path) -> Ask:
    """Do a task of `Tasks.java` with two utterances; the lines that it prints."""
    java, path = toolchains.program("java"), os.pathsep.join([str(toolchains.java_sdk()), str(classes)])
    speech = tmp_path / "speech.pcm"
    speech.write_bytes(audio.utterance(1) + audio.utterance(2))

    async def do(task: str, emulator: Emulator, *arguments: str) -> list[str]:
        host, _, _ = emulator.endpoint.partition("/speech/")
        output = await _output(java, "-cp", path, "Tasks", task, host, str(speech), *arguments)
        return output.splitlines()

    return do


async def test_every_translation_comes_with_its_voice(ask: Ask, start: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT, riff="none"))
    lines = await ask("translate", emulator)
    voices = [f"voice {len(spoken.voice.pcm)}" for spoken in emulator.spoken]
    assert sorted(lines) == sorted([f"{line.text} {line.translations['fr']}" for line in _SCRIPT] + voices)
    assert len(voices) == 2


async def test_each_sentence_that_is_asked_for_is_the_next_of_the_script(ask: Ask, start: Any) -> None:
    assert await ask("recognizeEach", await start(Behaviour(script=_SCRIPT))) == [
        line.text for line in _SCRIPT
    ]


async def test_a_detailed_result_has_the_words(ask: Ask, start: Any) -> None:
    (line,) = await ask("detail", await start(Behaviour(script=_SCRIPT)))
    assert [word["Word"] for word in json.loads(line)["NBest"][0]["Words"]] == ["good", "morning", "all"]


async def test_a_text_is_spoken_and_its_words_are_reported(ask: Ask, start: Any) -> None:
    lines = await ask("speak", await start(Behaviour(synthesis_seconds=0.5)))
    assert lines == ["Good", "morning", "SynthesizingAudioCompleted 16000"]


async def test_a_token_is_accepted(ask: Ask, start: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT, token_seconds=600.0))
    assert await ask("token", emulator, emulator.issue_token()) == [_SCRIPT[0].text]


async def test_a_wrong_key_is_refused(ask: Ask, start: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT, key="right"))
    assert await ask("key", emulator, "right") == [_SCRIPT[0].text]
    assert await ask("key", emulator, "wrong") == ["AuthenticationFailure"]
