"""How far each receiver of webhooks has got, in a table beside the entries of a SQLite file."""

from __future__ import annotations

import sqlite3
import time

from .deliveries import Claim

SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
    receiver TEXT NOT NULL, meeting TEXT NOT NULL, delivered INTEGER NOT NULL, holder TEXT NOT NULL,
    held_until REAL NOT NULL, PRIMARY KEY (receiver, meeting)
) WITHOUT ROWID
"""
"""A file of an earlier version of the package has no such table."""
UNFINISHED = """
SELECT meeting FROM deliveries AS those JOIN meetings USING (meeting)
WHERE receiver = ? AND held_until < ? AND (
    holder <> ''
    OR EXISTS (SELECT 1 FROM entries WHERE entries.meeting = those.meeting AND number > delivered)
) ORDER BY started_at, meeting
"""
"""The meetings that nobody holds at this time. Somebody who finishes a meeting leaves no name behind."""
_HOLD = """
UPDATE deliveries SET holder = ?, held_until = ?, delivered = coalesce(?, delivered)
WHERE receiver = ? AND meeting = ? AND (holder = ? OR held_until < ?)
"""


def begin(database: sqlite3.Connection, receiver: str, meeting: str, number: int) -> None:
    """This entry and those after it are for this receiver, if none before it was."""
    row = (receiver, meeting, number - 1)
    database.execute("INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, '', 0)", row)


def hold(database: sqlite3.Connection, claim: Claim, seconds: float, delivered: int | None) -> int | None:
    """See `Deliveries`."""
    now, where = time.time(), (claim.receiver, claim.meeting)
    holder = claim.holder if seconds else ""
    changed = database.execute(_HOLD, (holder, now + seconds, delivered, *where, claim.holder, now))
    if not changed.rowcount:
        return None
    read = "SELECT delivered FROM deliveries WHERE receiver = ? AND meeting = ?"
    (number,) = database.execute(read, where).fetchone()
    return int(number)


def forget(database: sqlite3.Connection) -> None:
    """Forget the meetings that are deleted."""
    database.execute("DELETE FROM deliveries WHERE meeting NOT IN (SELECT meeting FROM meetings)")
