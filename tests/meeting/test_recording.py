from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.record import MemoryRecord
from livekit import rtc

from livekit_plugins_azure_interpreter import SpeechMissed, Transcript, UtteranceRecognized
from livekit_plugins_azure_interpreter._meeting import recording as _recording
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter.record.entries import Ended, Joined, Missed, Started, Utterance
from livekit_plugins_azure_interpreter.record.scribe import Audience, Presence


class FakeRoom(SimpleNamespace):
    """A room of LiveKit's; its sid comes later, or never."""

    def __init__(self, sid: str | None) -> None:
        super().__init__(name="standup", remote_participants={"alice": None})
        self._sid = sid

    @property
    async def sid(self) -> str:
        if self._sid is None:
            await asyncio.Event().wait()
        return str(self._sid)


def events_of(recording: MeetingRecording) -> None:
    """All that may happen."""
    stt: Any = rtc.EventEmitter[Any]()
    recording.present([Presence("alice", "Alice", hears="en")])
    recording.listen("alice", stt, lambda language: Audience(frozenset()))
    transcript = Transcript("phrase", "fr", "sentence", "en-US", {"fr": "phrase"}, 0.0, 1.0, True)
    stt.emit("utterance_recognized", UtteranceRecognized("utterance-1", transcript, 1000.0, 1001.0))
    recording.missed(SpeechMissed("alice", "fr", "late", 2.0))


async def test_a_meeting_is_recorded_under_the_sid_of_its_room() -> None:
    record, room = MemoryRecord(), FakeRoom("RM_one")
    recording = MeetingRecording(record)
    await recording.open(room)  # type: ignore[arg-type]
    events_of(recording)
    await recording.aclose()
    assert {entry.meeting for entry in record.entries} == {"RM_one"}
    assert [type(entry) for entry in record.entries] == [Started, Joined, Utterance, Missed, Ended]
    started, _, said, *_ = record.entries
    assert isinstance(started, Started)
    assert started.room == "standup"
    assert isinstance(said, Utterance)
    assert (said.person, said.name) == ("alice", "Alice")


async def test_a_room_without_a_sid_is_recorded_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_recording, "_SID_SECONDS", 0.01)
    record = MemoryRecord()
    recording = MeetingRecording(record)
    await recording.open(FakeRoom(None))  # type: ignore[arg-type]
    await recording.aclose()
    assert {entry.meeting for entry in record.entries} == {"standup"}


async def test_a_speaker_who_has_left_still_has_their_name() -> None:
    record = MemoryRecord()
    recording = MeetingRecording(record)
    await recording.open(FakeRoom("RM_one"))  # type: ignore[arg-type]
    recording.present([Presence("alice", "Alice")])
    recording.present([])
    events_of(recording)
    await recording.aclose()
    assert [entry.name for entry in record.entries if isinstance(entry, Utterance)] == ["Alice"]


async def test_nothing_happens_without_a_record() -> None:
    recording = MeetingRecording(None)
    await recording.open(FakeRoom("RM_one"))  # type: ignore[arg-type]
    events_of(recording)
    await recording.aclose()
