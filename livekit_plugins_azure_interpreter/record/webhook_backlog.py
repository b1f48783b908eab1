"""What a receiver of webhooks has not got yet of one meeting. It is in the record, which may be away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ..log import logger
from .deliveries import Claim, Deliveries
from .entries import Ended, Entry
from .record import RecordError

T = TypeVar("T")
HELD_SECONDS = 30.0
"""So long after a process died, another one may deliver its meeting."""
_AGAIN_SECONDS = 1.0


class LostError(Exception):
    """Another process delivers the meeting now."""


class Backlog:
    """The entries of a meeting after those that the receiver has got.

    Each method waits until the record answers.

    Args:
        record: Has the entries, and how far the receiver has got.
        claim: Who delivers which meeting.
    """

    def __init__(self, record: Deliveries, claim: Claim) -> None:
        self._record, self._claim = record, claim
        self._is_away = False

    async def take(self, *, patiently: bool) -> int | None:
        """Hold the meeting; the number after which to go on.

        Args:
            patiently: Wait while another process holds it; otherwise it is None then.
        """
        number = await self._ask(lambda: self._hold(HELD_SECONDS))
        while number is None and patiently:
            await asyncio.sleep(_AGAIN_SECONDS)
            number = await self._ask(lambda: self._hold(HELD_SECONDS))
        return number

    async def keep(self, number: int | None = None, *, pause_seconds: float = 0.0) -> None:
        """All up to this number is delivered; go on holding the meeting, also during a pause.

        Raises:
            LostError: Another process holds it.
        """
        await self._keep(pause_seconds + HELD_SECONDS, number)

    async def finish(self, number: int) -> None:
        """All up to this number is delivered, and that is all.

        Raises:
            LostError: Another process holds it.
        """
        await self._keep(0.0, number)

    async def leave(self) -> None:
        """Another process may go on at once."""
        # Not 0: that would say that it is finished.
        await self._hold(1e-6)

    async def after(self, number: int, most: int) -> Sequence[Entry]:
        """The next entries."""
        return await self._ask(lambda: self._record.read_after(self._claim.meeting, number, most=most))

    async def until(self, last: Entry) -> Sequence[Entry]:
        """All entries of the meeting up to this one."""
        whole = await self._ask(lambda: self._record.read(self._claim.meeting))
        return [one for one in whole if one.number <= last.number] or [last]

    async def end(self, last: Entry) -> None:
        """Write the end that a process which died has not written, behind its last entry."""
        end = Ended(id=f"{last.id}/over", meeting=last.meeting, at=last.at)
        await self._ask(lambda: self._record.append([end]))

    async def _keep(self, seconds: float, number: int | None) -> None:
        if await self._ask(lambda: self._hold(seconds, number)) is None:
            raise LostError

    async def _hold(self, seconds: float, number: int | None = None) -> int | None:
        return await self._record.hold(self._claim, seconds=seconds, delivered=number)

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                answer = await question()
            except RecordError as error:
                if not self._is_away:
                    self._is_away = True
                    logger.warning("webhooks wait for the record, and then go on: %s", error)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                self._is_away = False
                return answer
