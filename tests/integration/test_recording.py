"""What is interpreted over the real SDK is recorded: a meeting, an AgentSession and a TranslationSession."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.plain_room import PlainRoom
from fakes.room import Audio, Microphone, Speaker
from livekit import rtc
from livekit.agents.beta.translation import TranslationSession
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import MeetingInterpreter, TranslationModel
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._meeting.room import RATE_HZ, Member
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator
from livekit_plugins_azure_interpreter.emulator.faults import NoVoice
from livekit_plugins_azure_interpreter.record import (
    Keeper,
    Minutes,
    Said,
    SQLiteRecord,
    export,
    minutes,
    record_session,
)
from livekit_plugins_azure_interpreter.record.scribe import Scribe

TWO = ((0.2, 0.8), (2.0, 2.6))
_FRAME_SAMPLES = RATE_HZ // 25
_TOLERANCE_SECONDS = 0.6
"""A busy machine pushes a frame late."""


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[SQLiteRecord]:
    record = SQLiteRecord(tmp_path / "meetings.db")
    yield record
    await within(record.aclose())


async def recorded(record: SQLiteRecord) -> Minutes:
    """The only meeting."""
    (meeting,) = await record.meetings()
    return minutes(await record.read(meeting.id))


class MeetingRoom(PlainRoom):
    """Alice speaks as fast as one does; bob and eve listen in French, and carl reads German."""

    def __init__(self, pcm: bytes) -> None:
        super().__init__()
        self._pcm = pcm

    def members(self) -> list[Member]:
        return [
            Member("a1", {"language": "en"}, publishes=True, tracks=("mic",), name="Alice"),
            Member("b1", {"language": "fr"}, name="Bob"),
            Member("e1", {"language": "fr"}, name="Eve"),
            Member("c1", {"read_language": "de"}, name="Carl"),
        ]

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        due_at = asyncio.get_running_loop().time()
        for at in range(0, len(self._pcm) - 2 * _FRAME_SAMPLES, 2 * _FRAME_SAMPLES):
            frame = rtc.AudioFrame(self._pcm[at : at + 2 * _FRAME_SAMPLES], RATE_HZ, 1, _FRAME_SAMPLES)
            due_at += frame.duration
            await asyncio.sleep(due_at - asyncio.get_running_loop().time())
            yield frame


async def test_a_meeting_is_recorded_from_end_to_end(
    audio: Audio, record: SQLiteRecord, until: Until
) -> None:
    script = [audio.line(1, 0.8), audio.line(2, 0.8)]
    room: Any = MeetingRoom(audio.speech(*TWO, end=4.5))
    async with Emulator(Behaviour(script=script, faults=(NoVoice(utterance=2),))) as emulator:
        keeper = Keeper(record)
        interpreter = MeetingInterpreter(
            speech_key="any", speech_endpoint=emulator.endpoint, voice_timeout_seconds=1.0, record=keeper
        )
        recording = MeetingRecording(keeper)
        recording._scribe = Scribe(keeper, "RM_one", "standup")
        outcomes: list[object] = []
        keeper.on("entry_kept", lambda entry: outcomes.append(entry) if entry.kind == "heard" else None)
        interpreter._start(room, recording)
        await until(lambda: len(outcomes) == 2)
        await within(interpreter.aclose())
    meeting = await recorded(record)
    first, second = meeting.said
    assert [one.utterance.text for one in meeting.said] == ["sentence number 1", "sentence number 2"]
    assert set(first.translations) == {"fr", "de"}
    assert (first.speaker, first.utterance.person, first.utterance.language) == ("Alice", "a1", "en-US")
    assert abs(second.start_seconds - first.start_seconds - 1.8) < _TOLERANCE_SECONDS
    assert 0.3 < first.end_seconds - first.start_seconds < 1.5
    voiced, lost = first.heard["fr"], second.heard["fr"]
    assert (voiced.outcome, voiced.voice, voiced.listeners) == ("voiced", "personal-voice", ("b1", "e1"))
    assert (lost.outcome, lost.voice, lost.listeners) == ("lost", "", ())
    assert lost.lost_reason
    assert [entry.person for entry in meeting.others if entry.kind == "joined"] == ["a1", "b1", "e1", "c1"]
    assert meeting.others[-1].kind == "ended"
    assert "<v Alice>" in export(await record.read("RM_one"), "vtt", language="fr")


async def test_an_agent_session_is_recorded_by_one_line(
    enter_room: Any, open_pair: Any, audio: Audio, record: SQLiteRecord, until: Until
) -> None:
    pair = await open_pair(Behaviour(script=[audio.line(1), audio.line(2)]))
    room = await enter_room(pair=pair)
    kept: list[str] = []
    keeper = record_session(room.session, pair.stt, record, speaker="caller")
    keeper.on("entry_kept", lambda entry: kept.append(entry.kind))
    room.microphone.speak(audio.speech(*TWO, end=4.0))
    await room.speaker.until_played(2)
    await within(room.session.aclose())
    await until(lambda: "ended" in kept)  # the session tells of its end just after it has closed
    meeting = await recorded(record)
    assert [_outcome(said) for said in meeting.said] == [
        ("caller", "sentence number 1", "voiced", None),
        ("caller", "sentence number 2", "voiced", None),
    ]
    assert [entry.kind for entry in meeting.others] == ["started", "ended"]


async def test_a_translation_session_is_recorded_by_one_line(
    audio: Audio, record: SQLiteRecord, until: Until
) -> None:
    microphone, speaker = Microphone(speed=2.0), Speaker(speed=4.0)
    with fake_job_context():
        async with Emulator(Behaviour(script=[audio.line(1), audio.line(2)])) as emulator:
            model = TranslationModel(
                target_language="fr", speech_key="any", speech_endpoint=emulator.endpoint
            )
            session = TranslationSession[None](model=model)
            session.input.audio, session.output.audio = microphone, speaker
            keeper = record_session(session, model, record, meeting="tour", speaker="guide")
            await within(session.start())
            microphone.speak(audio.speech(*TWO, end=4.0))
            await speaker.until_played(2)
            await within(session.aclose())
            await within(model.aclose())
    await until(lambda: not keeper.waiting)
    meeting = await recorded(record)
    assert meeting.meeting == "tour"
    assert [_outcome(said) for said in meeting.said] == [
        ("guide", "sentence number 1", "voiced", None),
        ("guide", "sentence number 2", "voiced", None),
    ]


def _outcome(said: Said) -> tuple[Any, ...]:
    (heard,) = said.heard.values()
    return said.speaker, said.utterance.text, heard.outcome, heard.listeners
