"""A Redis of the fleet: its leases and its record, as the real ones answer."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from livekit_plugins_azure_interpreter._fleet.leases import LeasesError
from livekit_plugins_azure_interpreter.record import Entry, Joined, Meeting, RecordError, Started

from .processes import running

_LATENCY_SECONDS = 0.002
_HANG_SECONDS = 1.0
"""The limit of `RedisLeases` for an answer."""

T = TypeVar("T")


@dataclass
class Kept:
    """What the record has of a meeting: the number of each entry, and the entries that are read again."""

    room: str
    started_at: float
    last_at: float = 0.0
    numbers: dict[str, int] = field(default_factory=dict)
    joined: list[Joined] = field(default_factory=list)
    texts: Counter[str] = field(default_factory=Counter)


class FakeRedis:
    """One server, with `Leases` and a `Record`.

    Attributes:
        operations: How many there were, by name.
        is_away: It refuses connections, or gives no answer.
        unsure_until: Until then it may not know all leases: it was away, or came back empty.
        went_away: Called as it goes away.
        forgets: Draws whether an entry is confirmed and not kept; for a test of the checks.
    """

    def __init__(self, dice: random.Random) -> None:
        self.operations: Counter[str] = Counter()
        self.is_away = False
        self.unsure_until = 0.0
        self.kept: dict[str, Kept] = {}
        self.went_away: Callable[[], None] = lambda: None
        self.forgets: Callable[[], bool] = lambda: False
        self._dice = dice
        self._went_at = 0.0
        self._outages = 0
        self._leases: dict[str, dict[str, float]] = {}
        self._meetings_of: dict[str, list[str]] = {}

    def go_away(self) -> None:
        self.is_away, self._went_at = True, _now()
        self._outages += 1
        self.went_away()

    def come_back(self, *, is_empty: bool) -> None:
        """It is back with its data, or another one is in its place, which has no leases."""
        self.is_away = False
        self.unsure_until = _now() + 35.0  # longer than a lease
        for holders in self._leases.values():
            if is_empty:
                holders.clear()
            for holder in holders:
                holders[holder] += _now() - self._went_at

    async def take(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        def take() -> bool:
            held, now = self._leases.setdefault(name, {}), _now()
            if holder not in held and len(held) >= most:
                for one in [one for one, ends_at in held.items() if ends_at <= now]:
                    del held[one]
                if len(held) >= most:
                    return False
            held[holder] = now + seconds
            return True

        use = "watch" if name.startswith("interpreter:") else "place"
        return await self._do(f"take ({use})", take, LeasesError)

    async def release(self, name: str, holder: str) -> None:
        def release() -> None:
            self._leases.get(name, {}).pop(holder, None)

        await self._do("release", release, LeasesError)

    async def append(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        return await self._do("append", lambda: [self._keep(one) for one in entries], RecordError)

    async def read(self, meeting: str) -> Sequence[Entry]:
        return await self._do("read", lambda: list(self.kept[meeting].joined), RecordError)

    async def latest(self, room: str) -> Meeting | None:
        def latest() -> Meeting | None:
            if not (meetings := self._meetings_of.get(room)):
                return None
            last, kept = meetings[-1], self.kept[meetings[-1]]
            return Meeting(last, room, kept.started_at, kept.last_at, len(kept.numbers))

        return await self._do("latest", latest, RecordError)

    def forget_entries(self, meeting: str) -> None:
        """They have been checked."""
        self.kept[meeting].numbers.clear()
        self.kept[meeting].texts.clear()

    async def meetings(self) -> Sequence[Meeting]:
        return []

    async def delete(self, meeting: str, *, person: str | None = None) -> int:
        return 0

    async def aclose(self) -> None:
        pass

    def _keep(self, entry: Entry) -> Entry:
        kept = self.kept.get(entry.meeting)
        if kept is None:
            room = entry.room if isinstance(entry, Started) else ""
            kept = self.kept[entry.meeting] = Kept(room, entry.at)
            self._meetings_of.setdefault(room, []).append(entry.meeting)
        kept.last_at = entry.at
        if (number := kept.numbers.get(entry.id)) is None:
            number = len(kept.numbers) + 1
            if not self.forgets():
                kept.numbers[entry.id] = number
                if isinstance(entry, Joined):
                    kept.joined.append(entry)
                elif text := getattr(entry, "text", ""):
                    kept.texts[text] += 1
        return replace(entry, number=number)

    async def _do(self, name: str, what: Callable[[], T], error: type[Exception]) -> T:
        await running()
        self.operations[name] += 1
        if self.is_away:
            await asyncio.sleep(self._dice.choice((_LATENCY_SECONDS, _HANG_SECONDS)))
            await running()
            raise error("it cannot be reached")
        outages, done = self._outages, what()
        await asyncio.sleep(_LATENCY_SECONDS)
        await running()
        if outages != self._outages:
            raise error("the connection was lost")  # what was asked is done, and nobody is told
        return done


def _now() -> float:
    return asyncio.get_running_loop().time()
