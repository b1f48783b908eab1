from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.record import MemoryRecord
from livekit import rtc
from livekit.agents.testing import fake_job_context

from livekit_plugins_azure_interpreter import Transcript, UtteranceRecognized
from livekit_plugins_azure_interpreter.record.entries import Ended, Started, Utterance
from livekit_plugins_azure_interpreter.record.keeper import Keeper
from livekit_plugins_azure_interpreter.record.sessions import record_session


class FakeSession(rtc.EventEmitter[Any]):
    """A session with a participant, or without; `has_room` is that of an AgentSession."""

    def __init__(self, participant: Any = None, *, has_room: bool = True) -> None:
        super().__init__()
        self._participant, self._has_room = participant, has_room

    @property
    def room_io(self) -> Any:
        if not self._has_room:
            raise RuntimeError("the session has no room")
        return self._participant and SimpleNamespace(linked_participant=self._participant)


def speak(source: rtc.EventEmitter[Any]) -> None:
    transcript = Transcript("phrase", "fr", "sentence", "en-US", {"fr": "phrase"}, 0.0, 1.0, True)
    source.emit("utterance_recognized", UtteranceRecognized("utterance-1", transcript, 1000.0, 1001.0))


_ALICE = SimpleNamespace(identity="alice", name="Alice")


@pytest.mark.parametrize(
    ("session", "person", "name"),
    [
        (FakeSession(_ALICE), "alice", "Alice"),
        (FakeSession(), "caller", ""),
        (FakeSession(has_room=False), "caller", ""),
    ],
    ids=["in a room", "a TranslationSession without a room", "an AgentSession without a room"],
)
async def test_the_speaker_is_the_participant_whom_the_session_hears(
    session: FakeSession, person: str, name: str
) -> None:
    record, source = MemoryRecord(), rtc.EventEmitter[Any]()
    keeper = record_session(session, source, record, meeting="m", speaker="caller")
    speak(source)
    assert await keeper.flush()
    (said,) = [entry for entry in record.entries if isinstance(entry, Utterance)]
    assert (said.meeting, said.person, said.name) == ("m", person, name)


async def test_the_room_of_a_job_names_the_meeting() -> None:
    record = MemoryRecord()
    with fake_job_context() as job:
        keeper = record_session(FakeSession(), rtc.EventEmitter[Any](), record)
    assert await keeper.flush()
    (started,) = record.entries
    assert isinstance(started, Started)
    assert (started.meeting, started.room) == (job.job.room.sid, "fake-room")


async def test_the_end_of_the_session_is_recorded(until: Until) -> None:
    record, session = MemoryRecord(), FakeSession()
    record_session(session, rtc.EventEmitter[Any](), record, meeting="m")
    session.emit("close", None)
    await until(lambda: record.entries and isinstance(record.entries[-1], Ended))


async def test_the_end_of_the_job_waits_until_all_is_kept_and_ends_the_record_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record, session = MemoryRecord(), FakeSession()
    callbacks: list[Any] = []
    with fake_job_context() as job:
        monkeypatch.setattr(job, "add_shutdown_callback", callbacks.append)
        record_session(session, rtc.EventEmitter[Any](), record)
    session.emit("close", None)
    (ended,) = callbacks
    await within(ended())
    assert [entry.kind for entry in record.entries] == ["started", "ended"]


async def test_a_keeper_is_used_as_it_is() -> None:
    keeper = Keeper(MemoryRecord())
    assert record_session(FakeSession(), rtc.EventEmitter[Any](), keeper, meeting="m") is keeper
    assert await keeper.flush()


def test_a_session_outside_a_job_needs_a_meeting() -> None:
    with pytest.raises(ValueError, match="pass meeting="):
        record_session(FakeSession(), rtc.EventEmitter[Any](), MemoryRecord())
