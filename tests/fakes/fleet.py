"""A LiveKit server with its rooms, in memory and in a time of the test's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

from livekit_plugins_azure_interpreter._fleet.fleet import FleetError
from livekit_plugins_azure_interpreter._fleet.watch import Dispatch, Person

_TAKE_SECONDS = 0.2


class FakeFleet:
    """Rooms with people; an interpreter comes some seconds after it was asked to.

    Attributes:
        now: The time, in Unix seconds.
        there: Who is in each room, by identity.
        sids: The sids of rooms that have an unusual one.
        sent: The dispatches to each room.
        dead: The (room, identity) of those who do not answer.
        removed: The (room, identity) of those who were taken out, in order.
        requests: How often each request was made, by its name.
        is_away: Each request raises an error.
        comes_after_seconds: How long an interpreter takes to come; None: none comes.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.there: dict[str, dict[str, Person]] = {}
        self.sids: dict[str, str] = {}
        self.sent: dict[str, list[Dispatch]] = {}
        self.dead: set[tuple[str, str]] = set()
        self.removed: list[tuple[str, str]] = []
        self.requests: Counter[str] = Counter()
        self.is_away = False
        self.comes_after_seconds: float | None = None
        self._coming: list[tuple[float, str]] = []
        self._numbers = count(1)

    def clock(self) -> float:
        return self.now

    def join(self, room: str, identity: str = "alice", **attributes: str) -> None:
        self.there.setdefault(room, {})[identity] = Person(identity, attributes, "person", self.now)

    def serve(self, room: str) -> str:
        """An interpreter comes."""
        identity = f"agent-{next(self._numbers)}"
        one = Person(identity, {"interpreter": "ready"}, "agent", self.now)
        self.there.setdefault(room, {})[identity] = one
        return identity

    def interpreters(self, room: str) -> list[str]:
        """Those that live."""
        return [
            one.identity
            for one in self.there[room].values()
            if one.role == "agent" and (room, one.identity) not in self.dead
        ]

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for at, room in [one for one in self._coming if one[0] <= self.now]:
            self._coming.remove((at, room))
            self.serve(room)

    async def rooms(self) -> Mapping[str, str]:
        await self._requested("rooms")
        return {room: self.sids.get(room, f"RM_{room}") for room, people in self.there.items() if people}

    async def people(self, room: str) -> Sequence[Person]:
        await self._requested("people")
        return list(self.there.get(room, {}).values())

    async def answers(self, room: str, identity: str) -> bool:
        await self._requested("answers")
        return identity in self.there.get(room, {}) and (room, identity) not in self.dead

    async def remove(self, room: str, identity: str) -> None:
        await self._requested("remove")
        self.there[room].pop(identity, None)
        self.removed.append((room, identity))

    async def dispatches(self, room: str) -> Sequence[Dispatch]:
        await self._requested("dispatches")
        if self.comes_after_seconds is None:
            return list(self.sent.get(room, ()))
        return [
            replace(one, is_taken=self.now - one.sent_at > _TAKE_SECONDS) for one in self.sent.get(room, ())
        ]

    async def dispatch(self, room: str) -> None:
        await self._requested("dispatch")
        self.sent.setdefault(room, []).append(Dispatch(f"AD_{next(self._numbers)}", self.now))
        if self.comes_after_seconds is not None:
            self._coming.append((self.now + self.comes_after_seconds, room))

    def take(self, room: str) -> None:
        """A worker takes what was asked for last."""
        self.sent[room][-1] = replace(self.sent[room][-1], is_taken=True)

    async def delete(self, room: str, dispatch: Dispatch) -> None:
        await self._requested("delete")
        self.sent[room] = [one for one in self.sent[room] if one.id != dispatch.id]

    async def _requested(self, name: str) -> None:
        self.requests[name] += 1
        await asyncio.sleep(0)  # others may ask meanwhile
        if self.is_away:
            raise FleetError("it cannot be reached")
