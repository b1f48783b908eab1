from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.fixtures import Until
from fakes.limits import LONG_LIMIT_SECONDS, within
from fakes.record import MEETING, utterance

from livekit_plugins_azure_interpreter.record import sqlite_record as _sqlite_record
from livekit_plugins_azure_interpreter.record.entries import Entry, Gap, Joined, Started
from livekit_plugins_azure_interpreter.record.keeper import Keeper
from livekit_plugins_azure_interpreter.record.record import Meeting, RecordError
from livekit_plugins_azure_interpreter.record.sqlite_record import SQLiteRecord

_DAY_SECONDS = 86400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "meetings.db"


@pytest.fixture
async def record(path: Path) -> AsyncIterator[SQLiteRecord]:
    record = SQLiteRecord(path)
    yield record
    await within(record.aclose())


def numbers(entries: list[Entry] | tuple[Entry, ...]) -> list[tuple[int, str]]:
    return [(entry.number, entry.id) for entry in entries]


async def test_entries_are_read_with_their_numbers(record: SQLiteRecord) -> None:
    kept = await record.append([utterance(1), utterance(2)])
    assert await record.read(MEETING) == kept
    assert numbers([*kept]) == [(1, "utterance-1"), (2, "utterance-2")]


async def test_an_entry_that_is_there_already_is_kept_once_with_its_number(record: SQLiteRecord) -> None:
    await record.append([utterance(1), utterance(2)])
    again = await record.append([utterance(2), utterance(3)])
    assert numbers([*again]) == [(2, "utterance-2"), (3, "utterance-3")]
    assert len(await record.read(MEETING)) == 3


async def test_each_meeting_has_its_own_numbers(record: SQLiteRecord) -> None:
    await record.append([utterance(1), utterance(1, meeting="RM_other")])
    assert numbers([*await record.read("RM_other")]) == [(1, "utterance-1")]


async def test_meetings_are_listed_with_their_rooms(record: SQLiteRecord) -> None:
    started = Started(id="s", meeting=MEETING, at=900.0, room="standup")
    await record.append([utterance(5, meeting="RM_other"), started, utterance(1)])
    assert await record.meetings() == [
        Meeting(MEETING, "standup", 900.0, 1003.0, 2),
        Meeting("RM_other", "", 1007.0, 1007.0, 1),
    ]


async def test_a_meeting_that_is_not_there_has_no_entries(record: SQLiteRecord) -> None:
    await record.append([utterance()])
    assert await record.read("RM_other") == []


async def test_the_record_outlives_its_object(record: SQLiteRecord, path: Path) -> None:
    await record.append([utterance(1)])
    await record.aclose()
    other = SQLiteRecord(path)
    assert numbers([*await other.append([utterance(2)])]) == [(2, "utterance-2")]
    await other.aclose()


async def test_a_record_that_was_closed_opens_again(record: SQLiteRecord) -> None:
    await record.append([utterance(1)])
    await record.aclose()
    await record.append([utterance(2)])
    assert len(await record.read(MEETING)) == 2


async def test_tables_that_another_process_makes_meanwhile_are_used(
    record: SQLiteRecord, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, other = _sqlite_record._format, SQLiteRecord(path)
    await other.append([utterance(1)])
    await other.aclose()
    seen = iter([0])  # before it has locked the file

    def found(database: sqlite3.Connection) -> int:
        return next(seen, find(database))

    monkeypatch.setattr(_sqlite_record, "_format", found)
    await record.append([utterance(2)])
    assert len(await record.read(MEETING)) == 2


class TestDelete:
    async def test_a_persons_entries_are_deleted_in_one_meeting(self, record: SQLiteRecord) -> None:
        others = [utterance(3, person="bob"), utterance(1, meeting="RM_other")]
        await record.append([utterance(1), utterance(2), *others])
        assert await record.delete(MEETING, person="alice") == 2
        assert numbers([*await record.read(MEETING)]) == [(3, "utterance-3")]
        assert len(await record.read("RM_other")) == 1

    async def test_numbers_are_not_used_again(self, record: SQLiteRecord) -> None:
        await record.append([utterance(1), utterance(2)])
        await record.delete(MEETING, person="alice")
        assert numbers([*await record.append([utterance(3)])]) == [(3, "utterance-3")]

    async def test_a_meeting_is_deleted_as_a_whole(self, record: SQLiteRecord) -> None:
        await record.append([utterance(1), utterance(1, meeting="RM_other")])
        assert await record.delete(MEETING) == 1
        assert [meeting.id for meeting in await record.meetings()] == ["RM_other"]

    async def test_deleted_words_are_in_no_file(self, record: SQLiteRecord, path: Path) -> None:
        await record.append([utterance(1, text="a very private sentence"), utterance(2, person="bob")])
        assert _found(path, "very private")
        await record.delete(MEETING, person="alice")
        assert not _found(path, "very private")
        assert len(await record.read(MEETING)) == 1

    async def test_a_meeting_that_is_not_there_deletes_nothing(self, record: SQLiteRecord) -> None:
        await record.append([utterance()])
        assert await record.delete("RM_other") == 0


def _found(path: Path, words: str) -> bool:
    return any(words.encode() in one.read_bytes() for one in _files(path))


def _files(path: Path) -> list[Path]:
    return [*path.parent.glob(f"{path.name}*")]


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


class TestKeepDays:
    async def test_newer_entries_stay(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_sqlite_record.time, "time", lambda: 2000.0)
        record = SQLiteRecord(path, keep_days=1)
        await record.append([utterance(1)])
        assert len(await record.read(MEETING)) == 1
        await record.aclose()

    async def test_older_entries_are_deleted(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 50 * _DAY_SECONDS
        monkeypatch.setattr(_sqlite_record.time, "time", lambda: now)
        record = SQLiteRecord(path, keep_days=30)
        old, new = now - 31 * _DAY_SECONDS, now - 29 * _DAY_SECONDS
        await record.append(
            [utterance(1, meeting="RM_old", at=old), utterance(2, at=old), utterance(3, at=new)]
        )
        assert [meeting.id for meeting in await record.meetings()] == [MEETING]
        assert numbers([*await record.read(MEETING)]) == [(2, "utterance-3")]
        await record.aclose()

    async def test_old_entries_are_looked_for_once_an_hour(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = SQLiteRecord(path, keep_days=30)
        await record.append([utterance(1)])
        assert await record.read(MEETING) == [], "it is from 1970"
        await record.append([utterance(2)])
        assert len(await record.read(MEETING)) == 1
        monkeypatch.setattr(_sqlite_record, "_TRIM_SECONDS", 0.0)
        record._next_trim_at = 0.0
        await record.append([utterance(3)])
        assert await record.read(MEETING) == []
        await record.aclose()

    def test_days_must_be_a_positive_number(self, path: Path) -> None:
        with pytest.raises(ValueError, match="keep_days must be"):
            SQLiteRecord(path, keep_days=0)


class TestFaults:
    async def test_a_locked_file_is_caught_up_with_later(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, until: Until
    ) -> None:
        caplog.set_level(logging.INFO)
        monkeypatch.setattr(_sqlite_record, "BUSY_SECONDS", 0.01)
        record = SQLiteRecord(path)
        keeper = Keeper(record)
        keeper.put(utterance(1))
        assert await keeper.flush()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        keeper.put(utterance(2))
        await until(lambda: "database is locked" in caplog.text)
        keeper.put(utterance(3))
        assert keeper.waiting == 2
        other.execute("ROLLBACK")
        other.close()
        assert await keeper.flush()
        assert [entry.number for entry in await record.read(MEETING)] == [1, 2, 3]
        assert "written again" in caplog.text
        await record.aclose()

    async def test_a_full_disk_loses_nothing_and_is_caught_up_with_later(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, until: Until
    ) -> None:
        open_file, most_pages = _sqlite_record.open_file, [20]

        def open_on_a_small_disk(path: Path) -> sqlite3.Connection:
            database = open_file(path)
            database.execute(f"PRAGMA max_page_count = {most_pages[0]}")
            return database

        monkeypatch.setattr(_sqlite_record, "open_file", open_on_a_small_disk)
        record = SQLiteRecord(path)
        keeper = Keeper(record)
        count = 0
        while "disk is full" not in caplog.text:
            count += 1
            keeper.put(utterance(count, text="x" * 1000))
            await asyncio.sleep(0.001)
        kept = keeper.kept
        assert 0 < kept < count
        assert len(await record.read(MEETING)) == kept, "a batch is kept as a whole, or not at all"
        most_pages[0] = 100_000
        assert await keeper.flush()
        assert [entry.number for entry in await record.read(MEETING)] == [*range(1, count + 1)]
        assert keeper.lost == 0
        await record.aclose()

    async def test_a_damaged_file_is_an_error_that_says_so(self, record: SQLiteRecord, path: Path) -> None:
        _write(path, b"no database" * 1000)
        with pytest.raises(RecordError, match="SQLite: file is not a database"):
            await record.append([utterance()])

    async def test_a_damaged_entry_is_an_error_that_says_so(self, record: SQLiteRecord, path: Path) -> None:
        await record.append([utterance()])
        _change(path, "UPDATE entries SET entry = '{'")
        with pytest.raises(RecordError, match="damaged"):
            await record.read(MEETING)

    async def test_a_file_of_a_newer_package_is_left_alone(self, record: SQLiteRecord, path: Path) -> None:
        await record.append([utterance()])
        await record.aclose()
        _change(path, "PRAGMA user_version = 2")
        with pytest.raises(RecordError, match="format 2"):
            await record.append([utterance(2)])

    async def test_reading_makes_no_file(self, record: SQLiteRecord, path: Path) -> None:
        with pytest.raises(RecordError, match="there is no record at"):
            await record.meetings()
        with pytest.raises(RecordError, match="there is no record at"):
            await record.delete(MEETING)
        assert not _files(path)

    def test_a_folder_that_does_not_exist_is_told_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="the folder of the record does not exist"):
            SQLiteRecord(tmp_path / "nowhere" / "meetings.db")


def _change(path: Path, statement: str) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(statement)
    database.close()


def _write_at_once(path: Path, *, processes: int, entries: int) -> None:
    tests = Path(__file__).parents[1]
    script = str(tests / "record" / "writing_process.py")
    subprocess.run(
        [sys.executable, script, str(path), str(processes), str(entries)],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), os.environ.get("PYTHONPATH", "")])},
        timeout=LONG_LIMIT_SECONDS,
    )


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork: a process begins in milliseconds")
async def test_several_processes_write_one_meeting_at_the_same_time(path: Path, record: SQLiteRecord) -> None:
    _write_at_once(path, processes=3, entries=50)
    entries = await record.read(MEETING)
    assert [entry.number for entry in entries] == [*range(1, 151)]
    assert len({entry.id for entry in entries}) == 150
    for number in range(3):
        theirs = [entry.id for entry in entries if entry.id.startswith(f"process{number}-")]
        assert theirs == [f"process{number}-{one}" for one in range(1, 51)]
    assert not any(isinstance(entry, (Gap, Joined)) for entry in entries)


async def test_the_latest_meeting_of_a_room_is_found(record: SQLiteRecord) -> None:
    assert await record.latest("standup") is None
    await record.append(
        [
            Started(id="1", meeting="RM_one", at=1.0, room="standup"),
            Started(id="1", meeting="RM_two", at=2.0, room="standup"),
            Started(id="1", meeting="RM_three", at=3.0, room="retro"),
            utterance(1, meeting="RM_two"),
        ]
    )
    assert await record.latest("standup") == Meeting("RM_two", "standup", 2.0, 1003.0, 2)
    assert await record.latest("nobody's") is None
