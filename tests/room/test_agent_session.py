"""An AgentSession with the pair, as an agent in the room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from livekit.agents import AgentSession
from livekit.agents.testing import fake_job_context
from livekit.agents.voice.room_io import RoomOptions

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, session_options
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .hearing import assert_heard
from .speech import recorded, sentences, silence

_TRACK = "roomio_audio"
_VOICES = [recorded(f"french_{number}.wav") for number in (1, 5, 3)]
_LINES = [
    Line(f"Sentence {number}.", translations={"fr": f"Phrase {number}."}, voices={"fr": Voice(voice)})
    for number, voice in enumerate(_VOICES, 1)
]
_END = len(silence(0.8))
_SHORT, _LONG = sentences()[1], sentences()[3]


@pytest.fixture
async def interpret(meeting: Any, closing: Any, emulator: Any) -> Callable[[], Awaitable[None]]:
    """An interpreter to French joins, and listens to alice."""

    async def make() -> None:
        agent = await meeting.join("agent", deaf=True)
        stt = STT(target_languages="fr", speech_key="any", speech_endpoint=emulator.endpoint)
        # On closing, LiveKit would wait 2 s for a final of what was not spoken.
        options = session_options(session_close_transcript_timeout=0.1)
        session = AgentSession[None](stt=stt, tts=TTS(stt), **options)
        closing(stt.aclose)
        closing(session.aclose)
        in_room = RoomOptions(participant_identity="alice", close_on_disconnect=False)
        with fake_job_context(room=agent.room):
            await session.start(InterpreterAgent(), room=agent.room, room_options=in_room)

    return make


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(Behaviour(script=_LINES)) as emulator:
        yield emulator


async def test_another_participant_hears_and_reads_every_translation(meeting: Any, interpret: Any) -> None:
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob")
    await interpret()
    await bob.ear(_TRACK)
    # The second is said while the translation of the first is still to be heard.
    await alice.say(_SHORT + silence(1.0) + _SHORT + silence(1.0))
    await assert_heard(bob, _TRACK, _VOICES[:2])
    texts = ["Phrase 1.", "Phrase 2."]
    assert bob.read_of("agent") == texts
    assert bob.read_of("alice") == texts


async def test_people_come_and_go_in_mid_speech(meeting: Any, interpret: Any) -> None:
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob")
    await interpret()
    ear = await bob.ear(_TRACK)
    await alice.say(_SHORT + silence(1.0))
    await bob.until(lambda: ear.loud_seconds > 0.3)
    # Amid the first translation a listener comes, and the speaker goes in the middle of a sentence.
    carol = await meeting.join("carol")
    await alice.say(_LONG[: len(_LONG) // 2])
    await alice.leave()
    await asyncio.gather(
        assert_heard(bob, _TRACK, _VOICES[:2]),
        assert_heard(carol, _TRACK, [_VOICES[0][-_END:], _VOICES[1]], more_before=True),
    )
    await bob.leave()
    returned = await meeting.join("alice", microphone=True)
    await returned.say(_SHORT + silence(1.0))
    await assert_heard(carol, _TRACK, _VOICES[2:])


async def test_the_meeting_goes_on_when_the_server_is_started_again(
    own_server: Any, meeting: Any, interpret: Any, emulator: Any
) -> None:
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob")
    await interpret()
    await bob.ear(_TRACK)
    await alice.say(_SHORT + silence(1.0))
    await assert_heard(bob, _TRACK, _VOICES[:1])
    await meeting.restart(own_server)
    await alice.say(_SHORT + silence(1.0))
    await assert_heard(bob, _TRACK, _VOICES[1:2])
    assert emulator.connections == 1
