"""Keeps the entries of meetings in one SQLite file."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from .._options.numbers import check_number
from .._within import within
from . import sqlite_deliveries
from .deliveries import Claim
from .entries import Entry, Started, UnreadableEntryError, from_json, to_json
from .record import Meeting, RecordError
from .worker_thread import WorkerThread

T = TypeVar("T")
BUSY_SECONDS = 5.0
"""How long one try waits for another process that writes."""
_CLOSE_SECONDS = 5.0
_TRIM_SECONDS = 3600.0
_DAY_SECONDS = 86400.0
_FORMAT = 1
_SCHEMA = f"""
CREATE TABLE meetings (
    meeting TEXT PRIMARY KEY, room TEXT NOT NULL, started_at REAL NOT NULL, last_number INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE entries (
    meeting TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, person TEXT NOT NULL, at REAL NOT NULL,
    entry TEXT NOT NULL, PRIMARY KEY (meeting, number), UNIQUE (meeting, id)
) WITHOUT ROWID;
CREATE INDEX entries_by_time ON entries (at);
PRAGMA user_version = {_FORMAT};
"""


class SQLiteRecord:
    """Keeps entries in a file, for one machine. Any number of processes may use the file at the same time.

    `append` returns when the entries are on the disk (SQLite: WAL, synchronous=FULL): they survive the death
    of the process and of the machine. The file must be on a local disk: SQLite's locks fail on
    network drives.

    Args:
        path: The file. It is made when the first entry comes, with a `-wal` and a `-shm` beside it.
        keep_days: Entries that are older are deleted, at the first `append` and then hourly; None: never.

    Raises:
        ValueError: The folder of the file does not exist, or `keep_days` is not a positive number.
    """

    def __init__(self, path: str | Path, *, keep_days: float | None = None) -> None:
        check_number("keep_days", keep_days, above=0, or_none=True)
        self._path = Path(path).absolute()
        if not self._path.parent.is_dir():
            raise ValueError(f"the folder of the record does not exist: {self._path.parent}")
        self._keep_days = keep_days
        self._next_trim_at = 0.0
        self._receivers: set[str] = set()
        self._connection: sqlite3.Connection | None = None
        self._writer, self._reader = WorkerThread("record-writer"), WorkerThread("record-reader")

    async def append(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """See `Record`."""
        return await self._change(lambda database: self._append(database, entries))

    async def read(self, meeting: str) -> Sequence[Entry]:
        """See `Record`."""
        return await self._read_entries("WHERE meeting = ? ORDER BY number", meeting)

    async def meetings(self) -> Sequence[Meeting]:
        """See `Record`."""
        rows = await self._read(
            "SELECT meeting, room, started_at, max(at), count(*) FROM entries JOIN meetings USING (meeting) "
            "GROUP BY meeting ORDER BY started_at, meeting"
        )
        return [Meeting(*row) for row in rows]

    async def latest(self, room: str) -> Meeting | None:
        """See `Record`."""
        if not self._path.exists():
            return None
        rows = await self._read(
            "SELECT meeting, room, started_at, max(at), count(*) FROM entries JOIN meetings USING (meeting) "
            "WHERE meeting = (SELECT meeting FROM meetings WHERE room = ? ORDER BY started_at DESC LIMIT 1) "
            "GROUP BY meeting",
            room,
        )
        return Meeting(*rows[0]) if rows else None

    async def delete(self, meeting: str, *, person: str | None = None) -> int:
        """See `Record`. The bytes of the entries are overwritten in the file."""
        return await self._writer.run(lambda: self._delete(meeting, person))

    def deliver_to(self, receiver: str) -> None:
        """See `Deliveries`."""
        self._receivers.add(receiver)

    async def unfinished(self, receiver: str) -> Sequence[str]:
        """See `Deliveries`."""
        return [
            meeting for (meeting,) in await self._read(sqlite_deliveries.UNFINISHED, receiver, time.time())
        ]

    async def hold(self, claim: Claim, *, seconds: float, delivered: int | None = None) -> int | None:
        """See `Deliveries`."""
        return await self._change(
            lambda database: sqlite_deliveries.hold(database, claim, seconds, delivered)
        )

    async def read_after(self, meeting: str, number: int, *, most: int) -> Sequence[Entry]:
        """See `Deliveries`."""
        where = "WHERE meeting = ? AND number > ? ORDER BY number LIMIT ?"
        return await self._read_entries(where, meeting, number, most)

    async def aclose(self) -> None:
        """Close the file."""
        with contextlib.suppress(asyncio.TimeoutError, RecordError):
            await within(self._writer.run(self._close), _CLOSE_SECONDS)
        self._writer.stop()
        self._reader.stop()

    # In the threads

    def _append(self, database: sqlite3.Connection, entries: Sequence[Entry]) -> list[Entry]:
        kept = [replace(entry, number=_insert(database, entry)) for entry in entries]
        for entry in kept:
            for receiver in self._receivers:
                sqlite_deliveries.begin(database, receiver, entry.meeting, entry.number)
        self._trim(database)
        return kept

    def _trim(self, database: sqlite3.Connection) -> None:
        if self._keep_days is None or time.monotonic() < self._next_trim_at:
            return
        self._next_trim_at = time.monotonic() + _TRIM_SECONDS
        oldest = time.time() - self._keep_days * _DAY_SECONDS
        if database.execute("DELETE FROM entries WHERE at < ?", (oldest,)).rowcount:
            database.execute("DELETE FROM meetings WHERE meeting NOT IN (SELECT meeting FROM entries)")
            sqlite_deliveries.forget(database)

    def _delete(self, meeting: str, person: str | None) -> int:
        def delete(database: sqlite3.Connection) -> int:
            if person is not None:
                where = "DELETE FROM entries WHERE meeting = ? AND person = ?"
                return database.execute(where, (meeting, person)).rowcount
            database.execute("DELETE FROM meetings WHERE meeting = ?", (meeting,))
            sqlite_deliveries.forget(database)
            return database.execute("DELETE FROM entries WHERE meeting = ?", (meeting,)).rowcount

        if not self._path.exists():
            raise RecordError(f"there is no record at {self._path}")
        deleted = self._write(delete)
        if deleted:
            with _told():
                # The log still has the old pages. A reader may hold it: then they go with its next reset.
                self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return deleted

    def _write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Make a change completely or not at all; when this returns, it is on the disk."""
        try:
            with _told():
                database = self._opened()
                database.execute("BEGIN IMMEDIATE")
                result = change(database)
                database.execute("COMMIT")
                return result
        except BaseException:
            self._close()  # which rolls back; the next try opens it again
            raise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_file(self._path)
            _prepare(self._connection)
        return self._connection

    def _close(self) -> None:
        database, self._connection = self._connection, None
        if database is not None:
            database.close()

    async def _change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        return await self._writer.run(lambda: self._write(change))

    async def _read_entries(self, where: str, *parameters: str | int) -> Sequence[Entry]:
        def read() -> Sequence[Entry]:
            rows = self._rows(f"SELECT entry, number FROM entries {where}", *parameters)
            try:
                return [from_json(entry, number) for entry, number in rows]
            except UnreadableEntryError as error:
                raise RecordError(str(error)) from None

        return await self._reader.run(read)

    async def _read(self, query: str, *parameters: str | float) -> list[Any]:
        return await self._reader.run(lambda: self._rows(query, *parameters))

    def _rows(self, query: str, *parameters: str | float) -> list[Any]:
        if not self._path.exists():
            raise RecordError(f"there is no record at {self._path}")
        with _told(), contextlib.closing(open_file(self._path)) as database:
            _prepare(database)
            return database.execute(query, parameters).fetchall()


def open_file(path: Path) -> sqlite3.Connection:
    """Open the file of a record."""
    # The thread that closes it may be another one: that of the next event loop.
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA secure_delete = ON")
    if not _format(database):
        database.execute("BEGIN IMMEDIATE")
        if not _format(database):  # another process may have made the tables meanwhile
            for statement in filter(None, map(str.strip, _SCHEMA.split(";"))):
                database.execute(statement)
        database.execute("COMMIT")
    if (found := _format(database)) != _FORMAT:
        raise RecordError(f"the record has the format {found}: a newer version of this package wrote it")
    database.execute(sqlite_deliveries.SCHEMA)


def _format(database: sqlite3.Connection) -> int:
    found: int = database.execute("PRAGMA user_version").fetchone()[0]
    return found


def _insert(database: sqlite3.Connection, entry: Entry) -> int:
    """Keep an entry, unless the meeting has it. Returns its number."""
    key = (entry.meeting, entry.id)
    known = database.execute("SELECT number FROM entries WHERE meeting = ? AND id = ?", key).fetchone()
    if known is not None:
        return int(known[0])
    database.execute("INSERT OR IGNORE INTO meetings VALUES (?, '', ?, 0)", (entry.meeting, entry.at))
    if isinstance(entry, Started):
        database.execute("UPDATE meetings SET room = ? WHERE meeting = ?", (entry.room, entry.meeting))
    database.execute("UPDATE meetings SET last_number = last_number + 1 WHERE meeting = ?", key[:1])
    (number,) = database.execute("SELECT last_number FROM meetings WHERE meeting = ?", key[:1]).fetchone()
    row = (entry.meeting, number, entry.id, entry.person, entry.at, to_json(entry))
    database.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
    return int(number)


@contextlib.contextmanager
def _told() -> Generator[None]:
    """Raise SQLite's errors as ours; they name no words of a meeting."""
    try:
        yield
    except sqlite3.Error as error:
        raise RecordError(f"SQLite: {error}") from None
