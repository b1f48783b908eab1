"""pipecat: its AzureSTTService and its AzureTTSService in one pipeline, in a Python of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import toolchains
from fakes.limits import LONG_LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

pytestmark = pytest.mark.native

_PIPELINE = Path(__file__).parent / "pipecat" / "pipeline.py"
_SCRIPT = (Line("Good morning, all."), Line("Goodbye."))

Told = Callable[..., Awaitable[dict[str, list[Any]]]]


@pytest.fixture
def told(audio: Any) -> Told:
    """Say two sentences to the pipeline; what it tells, by its kind."""
    python = toolchains.pipecat_python()
    speech = audio.utterance(1) + audio.utterance(2)

    async def do(emulator: Emulator, key: str = "any") -> dict[str, list[Any]]:
        address, _, _ = emulator.endpoint.partition("/speech/")
        process = await asyncio.create_subprocess_exec(
            *map(str, (python, _PIPELINE, address, key)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await within(process.communicate(speech), LONG_LIMIT_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, errors.decode()
        kinds: dict[str, list[Any]] = {}
        for kind, what in map(json.loads, output.splitlines()):
            kinds.setdefault(kind, []).append(what)
        return kinds

    return do


async def test_each_sentence_is_heard_and_spoken_word_by_word(told: Told, start: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT, synthesis_seconds=0.5))
    kinds = await told(emulator)
    assert kinds["final"] == [line.text for line in _SCRIPT]
    assert kinds["interim"]
    assert sum(kinds["bytes"]) == 2 * 16_000
    assert kinds["word"] == ["Good", "morning,", "all.", "Goodbye."]
    assert [one.text for one in emulator.synthesized] == kinds["final"]


async def test_a_wrong_key_is_refused(told: Told, start: Any) -> None:
    kinds = await told(await start(Behaviour(key="right")), "wrong")
    assert "Authentication error (401)" in kinds["error"][0]
    assert "final" not in kinds
