"""Sees whether a room has an interpreter that lives, and brings one."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from livekit.agents import utils

from ..log import logger
from .fleet import Fleet
from .leases import Leases, LeasesError, answer_of
from .watch import PATIENCE_SECONDS, Person, Wanted, again_at, split

_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sight:
    """What a room looked like.

    Attributes:
        is_alone: Somebody in it wants an interpreter, and none that lives is there.
        dead: The interpreters in it that do not answer.
        has_lost: Its interpreter was there at the last look, and has left.
    """

    is_alone: bool
    dead: frozenset[str] = _NOBODY
    has_lost: bool = False


class Dispatcher:
    """Brings interpreters to rooms, one to each, however many ask at the same time.

    Args:
        fleet: The LiveKit server.
        agent_name: The name under which the interpreter's workers register.
        wanted: Who wants an interpreter.
        leases: Prevents that two workers bring one at the same moment; without it, one of the two that come
            gives way.
        now: The time, in Unix seconds.
    """

    def __init__(
        self,
        fleet: Fleet,
        *,
        agent_name: str,
        wanted: Wanted,
        leases: Leases | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._fleet = fleet
        self._agent_name = agent_name
        self._wanted = wanted
        self._leases = leases
        self._now = now
        self._holder = utils.shortuuid("watch-")
        self._rooms: Mapping[str, str] = {}
        self._known: dict[str, str] = {}
        self._last_came: dict[str, float] = {}
        self._bringing: set[str] = set()
        self._again_at: dict[str, float] = {}

    def there_are(self, rooms: Mapping[str, str]) -> None:
        """Forget all rooms but these. In a room that was made anew, its interpreter may be about to return.

        Args:
            rooms: The sids of the rooms, by name.
        """
        before, self._rooms = self._rooms, rooms
        same = {room for room, sid in rooms.items() if before.get(room) == sid}
        self._known = {room: identity for room, identity in self._known.items() if room in same}
        self._last_came = {room: at for room, at in self._last_came.items() if room in same}
        self._again_at = {room: at for room, at in self._again_at.items() if room in same}

    @property
    def again_at(self) -> float:
        """When the next room that it has asked one for wants another one, if none comes; infinite: none does.

        Other workers do not hurry to such a room: they would all ask at this moment.
        """
        return min(self._again_at.values(), default=math.inf)

    async def look(self, room: str) -> Sight:
        """Look at a room: one request as long as its interpreter answers.

        Raises:
            FleetError: LiveKit's server does not answer.
        """
        known = self._known.pop(room, None)
        if known is not None and await self._fleet.answers(room, known):
            self._known[room] = known
            return Sight(is_alone=False)
        people = await self._fleet.people(room)
        if not self._wanted.by(people):
            self._again_at.pop(room, None)
            return Sight(is_alone=False)
        interpreters = self._interpreters(people)
        if known is not None and not interpreters:
            return Sight(is_alone=True, has_lost=True)
        silent = _NOBODY if known is None else frozenset({known})
        return await self._sight(room, interpreters, silent)

    async def bring(self, room: str, dead: Collection[str] = _NOBODY) -> bool:
        """Bring an interpreter, unless one is there or on its way. Returns whether one was asked to come.

        Whoever is dead leaves first: a frozen process must not speak when it comes back.

        Args:
            room: The room.
            dead: Interpreters that are known not to live.

        Raises:
            FleetError: LiveKit's server does not answer.
        """
        if room in self._bringing:
            return False
        self._bringing.add(room)
        try:
            return await self._bring(room, frozenset(dead))
        finally:
            self._bringing.discard(room)

    async def _bring(self, room: str, dead: frozenset[str]) -> bool:
        people = await self._fleet.people(room)
        interpreters = self._interpreters(people)
        if not self._wanted.by(people) or not (await self._sight(room, interpreters, dead)).is_alone:
            return False
        if not await self._may_bring(room):
            return False
        dispatches = await self._fleet.dispatches(room)
        coming, over = split(dispatches, last_came=self._last_came.get(room, 0.0), now=self._now())
        if self._now() < (at := again_at(coming)):
            if room in self._again_at:
                self._again_at[room] = at
            return False
        await asyncio.gather(*(self._fleet.remove(room, one.identity) for one in interpreters))
        await asyncio.gather(*(self._fleet.delete(room, one) for one in over))
        await self._fleet.dispatch(room)
        self._again_at[room] = self._now() + PATIENCE_SECONDS
        logger.info(
            "the room %s had no interpreter%s: asked for one",
            room,
            " that answers" if interpreters else "",
        )
        return True

    async def _sight(self, room: str, interpreters: Collection[Person], silent: Collection[str]) -> Sight:
        came = (one.joined_at for one in interpreters)
        self._last_came[room] = max(came, default=self._last_came.get(room, 0.0))
        asked = [one.identity for one in interpreters if one.identity not in silent]
        answers = await asyncio.gather(*(self._fleet.answers(room, identity) for identity in asked))
        alive = [identity for identity, answered in zip(asked, answers, strict=True) if answered]
        if alive:
            self._known[room] = alive[0]
            self._again_at.pop(room, None)
        return Sight(not alive, frozenset({one.identity for one in interpreters} - set(alive)))

    async def _may_bring(self, room: str) -> bool:
        if self._leases is None:
            return True
        name = f"interpreter:{room}"
        try:
            return await answer_of(self._leases.take(name, self._holder, most=1, seconds=PATIENCE_SECONDS))
        except LeasesError as error:
            logger.warning(
                "the leases cannot be reached, so two interpreters may come to %s: %s", room, error
            )
            return True  # then one gives way

    def _interpreters(self, people: Collection[Person]) -> list[Person]:
        return [one for one in people if one.is_interpreter(self._agent_name)]
