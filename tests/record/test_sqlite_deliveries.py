from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from fakes.limits import within
from fakes.record import MEETING, utterance

from livekit_plugins_azure_interpreter.record import Claim, SQLiteRecord

from . import delivering

CHECKS = [check for name, check in sorted(vars(delivering).items()) if name.startswith("check_")]


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[SQLiteRecord]:
    record = SQLiteRecord(tmp_path / "meetings.db")
    yield record
    await within(record.aclose())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_that_"))
async def test_the_deliveries_of_a_file_are_kept(
    record: SQLiteRecord, check: Callable[[SQLiteRecord], Awaitable[None]]
) -> None:
    await within(check(record))


async def test_the_deliveries_of_an_older_file_begin_with_the_next_entry(tmp_path: Path) -> None:
    path = tmp_path / "meetings.db"
    old = SQLiteRecord(path)
    await old.append([utterance(1)])
    await within(old.aclose())
    database = sqlite3.connect(path)
    database.execute("DROP TABLE deliveries")
    database.close()
    record = SQLiteRecord(path)
    record.deliver_to("receiver")
    await record.append([utterance(2)])
    assert await record.hold(Claim("receiver", MEETING, "mine"), seconds=1) == 1
    await within(record.aclose())


async def test_the_deliveries_of_a_meeting_end_with_it(tmp_path: Path) -> None:
    record = SQLiteRecord(tmp_path / "meetings.db", keep_days=1)
    record.deliver_to("receiver")
    await record.append([utterance(1, at=time.time() - 3 * 86400)])  # which is deleted at once
    assert await record.hold(Claim("receiver", MEETING, "mine"), seconds=1) is None
    await within(record.aclose())
