"""Looks at rooms again and again, and brings interpreters to those that are alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from .dispatcher import Dispatcher, Sight
from .fleet import Fleet
from .watch import Vigil

_AT_ONCE = 50
_AGAIN_SECONDS = 10.0
_SHORTEST_SECONDS = 1.0
"""Looks begin at least so long after each other, and while an interpreter does not answer, just so long."""
_LONGEST_SECONDS = 2.0
_ROOMS_PER_SECOND = 14.0

T = TypeVar("T")


class Rounds:
    """One look after the other.

    A look is one request for the list of rooms, and one for each room that is looked at while its
    interpreter answers, or while nobody in it wants one.

    Args:
        fleet: The LiveKit server.
        dispatcher: Brings interpreters.
        vigil: Chooses the rooms.
        now: The time, in Unix seconds.
    """

    def __init__(
        self, fleet: Fleet, dispatcher: Dispatcher, vigil: Vigil, *, now: Callable[[], float] = time.time
    ) -> None:
        self._fleet, self._dispatcher, self._vigil, self._now = fleet, dispatcher, vigil, now
        self._dead: dict[str, frozenset[str]] = {}
        self._brought_at: dict[str, float] = {}
        self._begun_at, self._pace_seconds = now(), _LONGEST_SECONDS

    async def look(self) -> None:
        """Look once.

        Raises:
            FleetError: LiveKit's server does not answer.
        """
        self._begun_at = self._now()
        rooms = await self._fleet.rooms()
        self._dispatcher.there_are(rooms)
        self._brought_at = {room: at for room, at in self._brought_at.items() if room in rooms}
        looked_at = self._vigil.next(rooms)
        asked_at = self._now()
        sights = await _gather(self._dispatcher.look(room) for room in looked_at)
        self._saw(dict(zip(looked_at, sights, strict=True)), asked_at)
        due = {*self._vigil.due(now=self._now()), *self._lost(looked_at, sights)}
        await _gather(self._bring(room, self._dead.get(room, frozenset())) for room in due)

    @property
    def seconds_until_next(self) -> float:
        """In how many seconds to look again.

        The fewer rooms there are, the sooner; and in time for a room that will be alone for long enough, or
        where an interpreter was asked for and does not come.
        """
        now = self._now()
        in_time = min(self._vigil.seconds_until_due(now=now), self._dispatcher.again_at - now)
        return max(0.0, min(self._begun_at + self._pace_seconds - now, in_time))

    async def lost(self, room: str, identity: str) -> None:
        """The job of this interpreter has ended: whoever is in its room does not wait.

        An interpreter that ends again and again is replaced by `look`, which waits some seconds.

        Raises:
            FleetError: LiveKit's server does not answer.
        """
        if self._need_not_wait(room):
            await self._bring(room, frozenset({identity}))

    def _lost(self, rooms: Iterable[str], sights: Iterable[Sight]) -> list[str]:
        """Those whose interpreter has left while its meeting goes on, as when a worker has drained."""
        seen = zip(rooms, sights, strict=True)
        return [room for room, sight in seen if sight.has_lost and self._need_not_wait(room)]

    def _need_not_wait(self, room: str) -> bool:
        return self._now() - self._brought_at.get(room, 0.0) >= _AGAIN_SECONDS

    def _saw(self, sights: dict[str, Sight], at: float) -> None:
        for room, sight in sights.items():
            self._vigil.saw(room, is_alone=sight.is_alone, at=at)
        self._dead = {room: sight.dead for room, sight in sights.items() if sight.is_alone}
        pace = _SHORTEST_SECONDS if any(self._dead.values()) else len(sights) / _ROOMS_PER_SECOND
        self._pace_seconds = min(max(pace, _SHORTEST_SECONDS), _LONGEST_SECONDS)

    async def _bring(self, room: str, dead: frozenset[str]) -> None:
        if await self._dispatcher.bring(room, dead):
            self._brought_at[room] = self._now()


async def _gather(tasks: Iterable[Awaitable[T]]) -> list[T]:
    """All of them, some at a time."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(task: Awaitable[T]) -> T:
        async with places:
            return await task

    return list(await asyncio.gather(*map(one, tasks)))
