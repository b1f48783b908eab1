"""Which rooms are without an interpreter, and for how long. Pure: time is an argument."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from livekit.agents.types import ATTRIBUTE_AGENT_NAME, ATTRIBUTE_AGENT_STATE

PATIENCE_SECONDS = 1.0
"""A worker that lives takes a dispatch within this time: it takes 0.2 s."""
TAKEN_PATIENCE_SECONDS = 8.0
"""An interpreter comes within this time, on a busy machine, if a worker has taken it."""
MOST_PATIENCE_SECONDS = 30.0
_QUICK_TRIES = 3
FORGET_SECONDS = 60.0
"""A dispatch that is older, and brought nobody, is over."""


@dataclass(frozen=True)
class Person:
    """Somebody in a room, as LiveKit's server tells it.

    Attributes:
        identity: Their identity.
        attributes: Their attributes.
        role: "agent", "person", or "other", such as a recorder.
        joined_at: When they came, in Unix seconds.
    """

    identity: str
    attributes: Mapping[str, str]
    role: Literal["person", "agent", "other"]
    joined_at: float

    def is_interpreter(self, agent_name: str) -> bool:
        """A person's attributes are their own: only an agent is believed to be an interpreter."""
        if self.role != "agent":
            return False
        is_session = ATTRIBUTE_AGENT_STATE in self.attributes
        is_ours = self.attributes.get(ATTRIBUTE_AGENT_NAME, "") == agent_name
        return self.attributes.get("interpreter") == "ready" or (is_session and is_ours)


@dataclass(frozen=True)
class Dispatch:
    """An interpreter was asked to come to a room.

    Attributes:
        id: LiveKit's id of it.
        sent_at: When it was asked last, in Unix seconds.
        is_taken: A worker has taken it.
    """

    id: str
    sent_at: float
    is_taken: bool = False


@dataclass(frozen=True)
class Wanted:
    """Who wants an interpreter.

    Attributes:
        attributes: Somebody with one of these attributes does.
        everybody: Everybody does.
    """

    attributes: frozenset[str]
    everybody: bool = False

    def by(self, people: Iterable[Person]) -> bool:
        """Whether one of them does."""
        return any(
            self.everybody or any(one.attributes.get(name) for name in self.attributes)
            for one in people
            if one.role == "person"
        )


def split(
    dispatches: Iterable[Dispatch], *, last_came: float, now: float
) -> tuple[list[Dispatch], list[Dispatch]]:
    """Those whose interpreter may still come, and those that are over.

    Args:
        dispatches: All to one room.
        last_came: When the last interpreter came, whether it is still there or not. Whoever was asked before
            has come, or will not come any more.
        now: The time, in Unix seconds.
    """
    coming: list[Dispatch] = []
    over: list[Dispatch] = []
    for one in dispatches:
        may_come = one.sent_at > last_came and now - one.sent_at < FORGET_SECONDS
        (coming if may_come else over).append(one)
    return coming, over


def again_at(coming: Sequence[Dispatch]) -> float:
    """From when on it is better to send another one than to wait, in Unix seconds.

    A worker that takes a dispatch needs some time. Full workers refuse it; then nobody comes, and LiveKit
    does not ask again. A frozen worker does not answer: LiveKit gives up after 3 s, and asks no other one. If
    two come, one gives way.

    Args:
        coming: Those who may still come.
    """
    if not coming:
        return -math.inf
    if taken := sum(one.is_taken for one in coming):
        patience = TAKEN_PATIENCE_SECONDS * 2.0 ** (taken - 1)
    else:
        patience = PATIENCE_SECONDS * 2.0 ** max(0, len(coming) - _QUICK_TRIES)
    return max(one.sent_at for one in coming) + min(patience, MOST_PATIENCE_SECONDS)


class Vigil:
    """Remembers since when rooms are alone, and chooses which are looked at next.

    Args:
        alone_seconds: A room that is alone for so long is due.
        most_rooms: So many rooms are looked at, at most, in one look.
        order: Draws the order in which rooms are looked at, where there are more. Each worker has its own,
            so that together they see each room often.
    """

    def __init__(self, *, alone_seconds: float, most_rooms: int, order: random.Random) -> None:
        self._alone_seconds = alone_seconds
        self._most_rooms = most_rooms
        self._order = order
        self._turn: list[str] = []
        self._alone_since: dict[str, float] = {}

    def next(self, rooms: Collection[str]) -> list[str]:
        """The rooms to look at now, of those that there are: those that seem alone, then others in turn."""
        for gone in self._alone_since.keys() - set(rooms):
            del self._alone_since[gone]
        first = list(self._alone_since)[: self._most_rooms]
        others = sorted(set(rooms) - self._alone_since.keys())
        space = self._most_rooms - len(first)
        if len(others) <= space:
            return [*first, *others]
        here = set(others)
        self._turn = [room for room in self._turn if room in here]
        if len(self._turn) < space:
            rest = [room for room in others if room not in set(self._turn)]
            self._order.shuffle(rest)
            self._turn += rest
        now, self._turn = self._turn[:space], self._turn[space:]
        return [*first, *now]

    def saw(self, room: str, *, is_alone: bool, at: float) -> None:
        """A room was looked at; the look began at this time."""
        if is_alone:
            self._alone_since.setdefault(room, at)
        else:
            self._alone_since.pop(room, None)

    def due(self, *, now: float) -> list[str]:
        """The rooms that are alone for long enough."""
        return [room for room, since in self._alone_since.items() if now - since >= self._alone_seconds]

    def seconds_until_due(self, *, now: float) -> float:
        """In how many seconds the next room will be due; infinite if none seems alone."""
        waits = (since + self._alone_seconds - now for since in self._alone_since.values())
        return min((wait for wait in waits if wait > 0), default=math.inf)
