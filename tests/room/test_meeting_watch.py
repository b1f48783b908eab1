"""A meeting whose interpreter dies has another one, and its record goes on.

`PYTHONPATH=tests python -m room.watch_cases` measures how long that takes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from livekit_plugins_azure_interpreter.record import SQLiteRecord

from .server import OwnServer
from .watch_cases import CASES, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.parametrize("case", CASES)
async def test_a_meeting_has_its_interpreter_again(own_server: OwnServer, case: str, tmp_path: Path) -> None:
    path = tmp_path / "meetings.db"
    result = await run(own_server, CASES[case], {"DRAIN_SECONDS": "3", "RECORD": str(path)})
    story = "\n".join([str(result), *result.told])
    assert not result.is_silent, story
    assert result.interpreters == 1, story
    assert (result.repeated, result.lost_later) == (0, 0), story
    record = SQLiteRecord(path)
    (meeting,) = await record.meetings()
    entries = await record.read(meeting.id)
    await record.aclose()
    assert [entry.number for entry in entries] == [*range(1, len(entries) + 1)]
