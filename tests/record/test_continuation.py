from __future__ import annotations

import pytest
from fakes.record import MemoryRecord

from livekit_plugins_azure_interpreter.record import continuation as _continuation
from livekit_plugins_azure_interpreter.record.continuation import CONTINUE_SECONDS, meeting_to_continue
from livekit_plugins_azure_interpreter.record.entries import Joined, Started

_NOW = 2000.0


@pytest.fixture
async def record() -> MemoryRecord:
    """Alice was in a meeting in the room standup, a moment ago."""
    record = MemoryRecord()
    await record.append(
        [
            Started(id="1", meeting="RM_before", at=_NOW - 20, room="standup"),
            Joined(id="2", meeting="RM_before", at=_NOW - 10, person="alice"),
        ]
    )
    return record


async def _meeting(
    record: MemoryRecord,
    *,
    sid: str = "RM_after",
    room: str = "standup",
    people: str = "alice",
    now: float = _NOW,
) -> str:
    return await meeting_to_continue(record, sid=sid, room=room, people={people}, now=now)


async def test_a_meeting_goes_on_in_a_room_that_a_restarted_server_made_anew(record: MemoryRecord) -> None:
    assert await _meeting(record) == "RM_before"


async def test_a_meeting_goes_on_in_the_same_room_whoever_is_there(record: MemoryRecord) -> None:
    assert await _meeting(record, sid="RM_before", people="carol") == "RM_before"


async def test_other_people_begin_a_meeting_of_their_own(record: MemoryRecord) -> None:
    assert await _meeting(record, people="carol") == "RM_after"


async def test_another_room_has_a_meeting_of_its_own(record: MemoryRecord) -> None:
    assert await _meeting(record, room="retro") == "RM_after"


async def test_a_meeting_of_long_ago_does_not_go_on(record: MemoryRecord) -> None:
    assert await _meeting(record, now=_NOW + CONTINUE_SECONDS) == "RM_after"


@pytest.mark.parametrize("error", ["away", "its own", "silent"])
async def test_a_record_that_does_not_answer_begins_a_new_meeting_and_says_so(
    record: MemoryRecord, error: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_continuation, "_LOOK_UP_SECONDS", 0.01)
    match error:
        case "away":
            record.go_away()
        case "its own":
            record.error = RuntimeError("no")
        case _:
            record.answers.clear()
    assert await _meeting(record) == "RM_after"
    assert "does not say which meeting goes on" in caplog.text
