"""The examples that are agents of a room, each as a job of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import assistant_agent
import captions_agent
import pytest
import room_agent
from fakes.llm_service import LLMService
from livekit.agents import JobContext
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice, synthesize

from .hearing import assert_heard
from .speech import recorded, sentences, silence

_TRACK = "roomio_audio"
_VOICE = recorded("french_1.wav")
_LINE = Line(
    "Where is the coffee?",
    translations={"fr": "Où est le café ?", "de": "Wo gibt es Kaffee?"},
    voices={"fr": Voice(_VOICE)},
)
_ANSWER = "Dans le hall."
_SPOKEN = sentences()[1] + silence(1.0)

Start = Callable[[Callable[[JobContext], Awaitable[None]]], Awaitable[Any]]


@pytest.fixture
async def start(
    server: Any, meeting: Any, closing: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Have an example's job enter the room, in which alice has a microphone; she is returned."""
    async with contextlib.AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(Emulator(Behaviour(script=[_LINE])))
        model = await stack.enter_async_context(LLMService({"Où est le café ?": _ANSWER}))
        environment = {
            **server.environment,
            "AZURE_SPEECH_KEY": "any",
            "AZURE_SPEECH_ENDPOINT": emulator.endpoint,
            "LIVEKIT_INFERENCE_URL": model.url,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        async def enter(entrypoint: Callable[[JobContext], Awaitable[None]]) -> Any:
            alice = await meeting.join("alice", microphone=True)
            agent = await meeting.join("agent")
            job = stack.enter_context(fake_job_context(room=agent.room))
            await entrypoint(job)
            # The session closes as its speaker leaves, and an example leaves it to that.
            closing(alice.leave)
            return alice

        yield enter


async def test_the_interpreter_is_heard(start: Start) -> None:
    alice = await start(room_agent.entrypoint)
    await alice.ear(_TRACK)
    await alice.say(_SPOKEN)
    await assert_heard(alice, _TRACK, [_VOICE])


async def test_captions_are_read_in_both_languages_and_nothing_is_published_besides(start: Start) -> None:
    alice = await start(captions_agent.entrypoint)
    await alice.say(_SPOKEN)
    await alice.until(lambda: len(alice.captions) >= 2)
    read = [(one.attributes["language"], one.text, one.final) for one in alice.captions]
    assert read == [("fr", "Où est le café ?", True), ("de", "Wo gibt es Kaffee?", True)]
    assert alice.tracks == []


async def test_the_assistant_greets_and_answers_in_its_voice(start: Start) -> None:
    alice = await start(assistant_agent.entrypoint)
    await alice.ear(_TRACK)
    greeting, answer = (synthesize(text, 0.5, 16000).pcm for text in (assistant_agent.GREETING, _ANSWER))
    await assert_heard(alice, _TRACK, [greeting])
    await alice.say(_SPOKEN)
    await assert_heard(alice, _TRACK, [greeting, answer])
    assert _ANSWER in alice.read_of("agent")
