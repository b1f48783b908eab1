"""The port: where the entries of meetings are kept. `SQLiteRecord` and `RedisRecord` implement it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .entries import Entry


class RecordError(Exception):
    """The record cannot be read or written now; the message says why, without any words of a meeting."""


@dataclass(frozen=True)
class Meeting:
    """A meeting in a record.

    Attributes:
        id: Its id.
        room: The name of its room; empty if no entry tells it.
        started_at: When its first entry happened, in Unix seconds.
        last_at: When its last entry happened, in Unix seconds.
        entries: How many there are.
    """

    id: str
    room: str
    started_at: float
    last_at: float
    entries: int


class Record(Protocol):
    """Keeps entries. Several processes may use the same one at the same time.

    Each method raises `RecordError` if the record is away, locked, full or damaged.
    """

    async def append(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Keep entries, in their order. When this returns, they are kept for good.

        An entry with an id that the meeting already has is not kept again, so a caller who does not know
        whether `append` has succeeded can call it again.

        Returns:
            The same entries, with their numbers.
        """
        ...

    async def read(self, meeting: str) -> Sequence[Entry]:
        """All entries of a meeting, by number; none if there is no such meeting."""
        ...

    async def meetings(self) -> Sequence[Meeting]:
        """All meetings, the earliest first."""
        ...

    async def latest(self, room: str) -> Meeting | None:
        """The meeting that began last in rooms of this name; None: none is known.

        Older than a day, it may be forgotten here.
        """
        ...

    async def delete(self, meeting: str, *, person: str | None = None) -> int:
        """Delete a meeting, or all entries about one person in it.

        Args:
            meeting: The id of the meeting.
            person: The identity of the person; None: the whole meeting.

        Returns:
            How many entries were deleted.
        """
        ...

    async def aclose(self) -> None:
        """Close files and connections."""
