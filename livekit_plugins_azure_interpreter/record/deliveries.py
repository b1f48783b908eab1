"""The port: how far each receiver of webhooks has got. `SQLiteRecord` and `RedisRecord` implement it.

It stands in the same store as the entries, so a process that is killed leaves behind what is still to be
delivered, and the next one goes on there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .entries import Entry
from .record import Record


@dataclass(frozen=True)
class Claim:
    """Who delivers a meeting.

    Attributes:
        receiver: The name of the receiver.
        meeting: The id of the meeting.
        holder: A name that nobody else has.
    """

    receiver: str
    meeting: str
    holder: str


@runtime_checkable
class Deliveries(Record, Protocol):
    """A record that also knows what was delivered. Each of its methods may raise `RecordError`.

    A receiver has a name. A meeting is delivered by one holder at a time, whose claim ends by itself, so
    that a process which is killed holds nobody up.
    """

    def deliver_to(self, receiver: str) -> None:
        """Each entry that is appended through this object from now on is for this receiver, too."""
        ...

    async def unfinished(self, receiver: str) -> Sequence[str]:
        """The ids of the meetings that nobody holds, although entries are left, or their holder has died."""
        ...

    async def hold(self, claim: Claim, *, seconds: float, delivered: int | None = None) -> int | None:
        """Hold a meeting for so long, from now on.

        Args:
            claim: Who holds it, for which receiver.
            seconds: How long; 0: it is finished, until the next entry comes.
            delivered: The receiver has got all entries up to this number; None: no more than before.

        Returns:
            The number of the last entry that the receiver has got; None: somebody else holds the meeting, or
            nothing of it is for this receiver. Then nothing changes.
        """
        ...

    async def read_after(self, meeting: str, number: int, *, most: int) -> Sequence[Entry]:
        """The next entries of a meeting after this number, by number; at most so many."""
        ...
