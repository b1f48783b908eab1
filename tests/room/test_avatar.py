"""The avatar of the examples, as a participant: what others hear and see, and what its agent is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from livekit.agents import AgentSession
from livekit.agents.testing import fake_job_context
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF
from livekit.agents.voice.io import PlaybackFinishedEvent
from livekit.agents.voice.room_io import RoomOptions
from session import FaceAvatar

from livekit_plugins_azure_interpreter import STT, TTS, InterpreterAgent, session_options
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .hearing import assert_heard
from .participant import RATE_HZ, Participant
from .seeing import Eyes
from .speech import recorded, sentences, silence

_TRACK = "avatar_audio"
_VOICES = [recorded(f"french_{number}.wav") for number in (1, 5)]
_LONG_VOICE = b"".join(recorded(f"french_{number}.wav") for number in (2, 3, 4))
_SHORT = sentences()[1]
_AHEAD_MS = 1500
"""The agent, the avatar, who speaks and who listens share this machine: it may be busy for as long."""


class Agent:
    """An interpreter to French whose voice is the avatar's.

    Attributes:
        finished: What it was told of each speech.
    """

    def __init__(self, session: AgentSession[None], identity: str) -> None:
        self.session, self.identity = session, identity
        self.finished: list[PlaybackFinishedEvent] = []
        assert session.output.audio is not None
        session.output.audio.on("playback_finished", self.finished.append)


@pytest.fixture
async def interpret(
    server: Any, meeting: Any, closing: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[Agent]]:
    """An interpreter with an avatar joins, and listens to alice."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)

    async def make(voices: list[bytes]) -> Agent:
        script = [
            Line(f"{number}", translations={"fr": f"Phrase {number}."}, voices={"fr": Voice(voice)})
            for number, voice in enumerate(voices, 1)
        ]
        emulator = Emulator(Behaviour(script=script))
        await emulator.start()
        participant = await meeting.join("agent")
        stt = STT(target_languages="fr", speech_key="any", speech_endpoint=emulator.endpoint)
        session = AgentSession[None](
            stt=stt, tts=TTS(stt), **session_options(session_close_transcript_timeout=0.1)
        )
        avatar = FaceAvatar(ahead_ms=_AHEAD_MS)
        for close in (emulator.aclose, stt.aclose, avatar.aclose, session.aclose):
            closing(close)
        in_room = RoomOptions(participant_identity="alice", close_on_disconnect=False)
        await avatar.start(session, participant.room)
        agent = Agent(session, participant.room.local_participant.identity)
        with fake_job_context(room=participant.room):
            await session.start(InterpreterAgent(), room=participant.room, room_options=in_room)
        return agent

    return make


@pytest.fixture
async def eyes() -> AsyncIterator[Callable[[Participant], Eyes]]:
    opened: list[Eyes] = []

    def make(participant: Participant) -> Eyes:
        opened.append(Eyes(participant))
        return opened[-1]

    yield make
    for one in opened:
        await one.aclose()


async def test_others_hear_every_translation_whole_from_a_face_that_speaks_it(
    meeting: Any, interpret: Any, eyes: Any
) -> None:
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob")
    face = eyes(bob)
    agent = await interpret(_VOICES)
    await bob.ear(_TRACK)
    await face.until(lambda face: face.mouth == 0)
    # The second is said while the translation of the first is still to be heard.
    speaking = asyncio.create_task(alice.say(_SHORT + silence(1.0) + _SHORT + silence(1.0)))
    await face.until(lambda face: face.mouth > 0.02)
    await speaking
    await assert_heard(bob, _TRACK, _VOICES)
    await face.until(lambda face: face.mouth == 0)
    await bob.until(lambda: len(agent.finished) == 2)
    assert [event.interrupted for event in agent.finished] == [False, False]
    seconds = [len(voice) / 2 / RATE_HZ for voice in _VOICES]
    assert [event.playback_position for event in agent.finished] == [
        pytest.approx(s, abs=0.02) for s in seconds
    ]
    # Nobody else speaks for the agent, and clients know for whom the avatar does.
    assert {(ear.name, ear.speaker) for ear in bob.ears} == {("microphone", "alice"), (_TRACK, "avatar")}
    assert bob.room.remote_participants["avatar"].attributes[ATTRIBUTE_PUBLISH_ON_BEHALF] == agent.identity


async def test_an_interruption_stops_it_and_what_comes_next_is_heard_whole(
    meeting: Any, interpret: Any, eyes: Any
) -> None:
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob")
    face = eyes(bob)
    agent = await interpret([_LONG_VOICE, _VOICES[0]])
    ear = await bob.ear(_TRACK)
    await alice.say(_SHORT + silence(1.0))
    await bob.until(lambda: ear.loud_seconds > 0.5)
    agent.session.interrupt(force=True)
    await bob.until(lambda: len(agent.finished) == 1 and ear.quiet_seconds > 0.5)
    await face.until(lambda face: face.mouth == 0)
    assert agent.finished[0].interrupted
    assert 0.5 < agent.finished[0].playback_position < len(_LONG_VOICE) / 2 / RATE_HZ
    await alice.say(_SHORT + silence(1.0))
    await assert_heard(bob, _TRACK, _VOICES[:1], more_before=True)
    await bob.until(lambda: len(agent.finished) == 2)
    assert not agent.finished[1].interrupted
