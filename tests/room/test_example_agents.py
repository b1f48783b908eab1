"""The examples that are agents of a room, each as a job of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import assistant_agent
import captions_agent
import personal_voice_agent
import push_to_talk_agent
import pytest
import room_agent
import two_languages_agent
import two_people_agent
from fakes.llm_service import LLMService
from livekit.agents import JobContext
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .hearing import assert_heard
from .participant import Participant
from .speech import recorded, sentences, silence

_TRACK = "roomio_audio"
_VOICE, _GERMAN_VOICE = recorded("french_1.wav"), recorded("french_2.wav")
_LINE = Line(
    "Where is the coffee?",
    translations={"fr": "Où est le café ?", "de": "Wo gibt es Kaffee?"},
    voices={"fr": Voice(_VOICE), "de": Voice(_GERMAN_VOICE)},
)
_ENGLISH_VOICE = recorded("french_3.wav")
_CONVERSATION = [
    _LINE,
    Line("Là-bas.", "fr-FR", translations={"en": "Over there."}, voices={"en": Voice(_ENGLISH_VOICE)}),
]
_ANSWER = "Dans le hall."
_ANSWER_SECONDS = 2.0
"""How long the emulator speaks any text."""
_SPOKEN = sentences()[1] + silence(1.0)

Start = Callable[[Callable[[JobContext], Awaitable[None]]], Awaitable[Any]]


@pytest.fixture
async def emulator(request: Any) -> AsyncIterator[Emulator]:
    script = getattr(request, "param", [_LINE])
    async with Emulator(Behaviour(script=script, synthesis_seconds=_ANSWER_SECONDS)) as emulator:
        yield emulator


@pytest.fixture
async def start(
    server: Any, emulator: Emulator, meeting: Any, closing: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Have an example's job enter the room, in which alice has a microphone; she is returned."""
    async with LLMService({"Où est le café ?": _ANSWER}) as model:
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
            with fake_job_context(room=agent.room) as job:
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


async def test_two_languages_are_heard_each_on_its_track(start: Start, emulator: Emulator) -> None:
    alice = await start(two_languages_agent.entrypoint)
    for track in (_TRACK, "interpreter-de"):
        await alice.ear(track)
    await alice.say(_SPOKEN)
    await assert_heard(alice, _TRACK, [_VOICE])
    await assert_heard(alice, "interpreter-de", [_GERMAN_VOICE])
    assert emulator.connections == 1


@pytest.mark.parametrize("emulator", [_CONVERSATION], indirect=True, ids=["English and French"])
async def test_two_people_hear_each_other_in_their_languages(start: Start) -> None:
    alice = await start(two_people_agent.entrypoint)
    await alice.ear(_TRACK)
    await alice.say(_SPOKEN + sentences()[0] + silence(1.0))
    await assert_heard(alice, _TRACK, [_VOICE, _ENGLISH_VOICE])


async def test_push_to_talk_interprets_what_is_said_while_the_button_is_held(start: Start) -> None:
    alice = await start(push_to_talk_agent.entrypoint)
    await alice.ear(_TRACK)
    await alice.say(sentences()[0] + silence(1.0))  # the button is not pressed
    await alice.call("agent", "talk")
    await alice.say(_SPOKEN[: -len(silence(1.0))])
    assert await alice.call("agent", "release") == "Où est le café ?"
    await assert_heard(alice, _TRACK, [_VOICE])


async def test_captions_are_read_in_both_languages_and_nothing_is_published_besides(start: Start) -> None:
    alice = await start(captions_agent.entrypoint)
    await alice.say(_SPOKEN)
    await alice.until(lambda: len(alice.captions) >= 2)
    read = [(one.attributes["language"], one.text, one.final) for one in alice.captions]
    assert read == [("fr", "Où est le café ?", True), ("de", "Wo gibt es Kaffee?", True)]
    assert alice.tracks == []


async def _hears_one_answer(alice: Participant) -> None:
    """The emulator speaks any text as noise, of which Opus keeps no sample as it was: its length is known."""
    ear = await alice.ear(_TRACK)
    await alice.until(lambda: ear.loud_seconds >= 0.9 * _ANSWER_SECONDS and ear.quiet_seconds >= 0.8)
    assert ear.loud_seconds <= 1.1 * _ANSWER_SECONDS + await ear.disturbed_seconds()
    await ear.forget()


async def test_the_assistant_greets_and_answers_in_its_voice(start: Start, emulator: Emulator) -> None:
    alice = await start(assistant_agent.entrypoint)
    await _hears_one_answer(alice)
    await alice.say(_SPOKEN)
    await _hears_one_answer(alice)
    assert [one.text for one in emulator.synthesized] == [assistant_agent.GREETING, _ANSWER]
    assert all(assistant_agent.VOICE in one.ssml for one in emulator.synthesized)
    await alice.until(lambda: len(alice.read_of("agent")) >= 2)
    assert [text.strip() for text in alice.read_of("agent")] == [assistant_agent.GREETING, _ANSWER]


async def test_the_personal_voice_greets_before_the_translations_have_the_speakers_own(
    start: Start, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_SPEAKER_PROFILE_ID", raising=False)
    alice = await start(personal_voice_agent.entrypoint)
    await _hears_one_answer(alice)
    await alice.say(_SPOKEN)
    await assert_heard(alice, _TRACK, [_VOICE])
    assert [one.text for one in emulator.synthesized] == [personal_voice_agent.GREETING]
