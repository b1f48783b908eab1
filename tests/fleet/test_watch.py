from __future__ import annotations

import math
import random
from typing import Any, cast

import pytest

from livekit_plugins_azure_interpreter._fleet.watch import (
    FORGET_SECONDS,
    MOST_PATIENCE_SECONDS,
    PATIENCE_SECONDS,
    TAKEN_PATIENCE_SECONDS,
    Dispatch,
    Person,
    Vigil,
    Wanted,
    again_at,
    split,
)

_NOW = 1000.0
_READY = {"interpreter": "ready"}
_LANGUAGES = Wanted(frozenset({"language", "read_language"}))


@pytest.mark.parametrize(
    ("role", "attributes", "is_one"),
    [
        ("agent", _READY, True),
        ("agent", {}, False),  # it is not ready yet
        ("person", _READY, False),  # anybody can say that of themselves
        ("agent", {"lk.agent.state": "listening", "lk.agent.name": "interpreter"}, True),
        ("agent", {"lk.agent.state": "listening", "lk.agent.name": "assistant"}, False),
    ],
)
def test_an_interpreter_is_an_agent_that_is_ready(
    role: str, attributes: dict[str, str], *, is_one: bool
) -> None:
    one = Person("somebody", attributes, cast(Any, role), _NOW)
    assert one.is_interpreter("interpreter") is is_one


@pytest.mark.parametrize(
    ("wanted", "role", "attributes", "is_wanted"),
    [
        (_LANGUAGES, "person", {"read_language": "fr"}, True),
        (_LANGUAGES, "person", {"language": ""}, False),
        (_LANGUAGES, "person", {"hair": "red"}, False),
        (_LANGUAGES, "agent", {"language": "fr"}, False),
        (Wanted(frozenset(), everybody=True), "person", {}, True),
        (Wanted(frozenset(), everybody=True), "other", {}, False),  # a recorder
    ],
)
def test_an_interpreter_is_wanted_by_people_who_name_a_language(
    wanted: Wanted, role: str, attributes: dict[str, str], *, is_wanted: bool
) -> None:
    one = Person("somebody", attributes, cast(Any, role), _NOW)
    assert wanted.by([one]) is is_wanted


def _dispatch(seconds_ago: float, *, is_taken: bool = False) -> Dispatch:
    return Dispatch(f"AD_{seconds_ago}", _NOW - seconds_ago, is_taken)


def test_a_dispatch_from_before_the_last_interpreter_came_is_over() -> None:
    before, after, old = _dispatch(11), _dispatch(9), _dispatch(FORGET_SECONDS)
    assert split([before, after], last_came=_NOW - 10, now=_NOW) == ([after], [before])
    assert split([before, old], last_came=0.0, now=_NOW) == ([before], [old])


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ([_dispatch(0)], PATIENCE_SECONDS),
        ([_dispatch(at) for at in range(3)], PATIENCE_SECONDS),  # a worker that was asked may be frozen
        ([_dispatch(at) for at in range(4)], 2 * PATIENCE_SECONDS),  # all may be full
        ([_dispatch(at) for at in range(5)], 4 * PATIENCE_SECONDS),
        ([_dispatch(at) for at in range(9)], MOST_PATIENCE_SECONDS),  # but not for ever
        ([_dispatch(0, is_taken=True)], TAKEN_PATIENCE_SECONDS),
        ([_dispatch(0), _dispatch(1, is_taken=True)], TAKEN_PATIENCE_SECONDS),
        ([_dispatch(0, is_taken=True), _dispatch(1, is_taken=True)], 2 * TAKEN_PATIENCE_SECONDS),
        ([_dispatch(at, is_taken=True) for at in range(5)], MOST_PATIENCE_SECONDS),
    ],
)
def test_an_interpreter_that_was_asked_for_is_waited_for_some_seconds(
    sent: list[Dispatch], seconds: float
) -> None:
    assert again_at(sent) == _NOW + seconds


def test_an_interpreter_that_was_not_asked_for_is_not_waited_for() -> None:
    assert again_at([]) == -math.inf


class TestVigil:
    def vigil(self, most_rooms: int = 100) -> Vigil:
        return Vigil(alone_seconds=3.0, most_rooms=most_rooms, order=random.Random(1))

    def test_a_room_is_due_when_it_was_alone_for_long_enough(self) -> None:
        vigil = self.vigil()
        vigil.saw("a", is_alone=True, at=10.0)
        vigil.saw("a", is_alone=True, at=12.0)
        assert vigil.due(now=12.9) == []
        assert vigil.due(now=13.0) == ["a"]
        vigil.saw("a", is_alone=False, at=14.0)
        assert vigil.due(now=99.0) == []

    def test_a_room_that_seems_alone_is_due_some_seconds_later(self) -> None:
        vigil = self.vigil()
        assert vigil.seconds_until_due(now=10.0) == math.inf
        vigil.saw("a", is_alone=True, at=10.0)
        assert vigil.seconds_until_due(now=11.0) == 2.0
        assert vigil.seconds_until_due(now=13.0) == math.inf  # it is due now

    def test_a_room_that_is_gone_is_forgotten(self) -> None:
        vigil = self.vigil()
        vigil.saw("a", is_alone=True, at=10.0)
        assert vigil.next({"b"}) == ["b"]
        assert vigil.due(now=99.0) == []

    def test_all_rooms_are_looked_at_where_there_are_few(self) -> None:
        assert self.vigil().next({"b", "a"}) == ["a", "b"]

    def test_many_rooms_are_looked_at_in_turn_and_those_alone_each_time(self) -> None:
        vigil, rooms = self.vigil(most_rooms=11), {f"room-{at}" for at in range(100)}
        vigil.saw("room-7", is_alone=True, at=10.0)
        looks = [vigil.next(rooms) for _ in range(10)]
        assert all(look[0] == "room-7" and len(look) == 11 for look in looks)
        assert {room for look in looks for room in look} == rooms

    def test_two_watches_take_the_rooms_in_different_order(self) -> None:
        rooms = {f"room-{at}" for at in range(100)}
        first, second = (
            Vigil(alone_seconds=3.0, most_rooms=10, order=random.Random(seed)).next(rooms) for seed in (1, 2)
        )
        assert set(first) != set(second)
