"""The state is told when it changes, and each attribute at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest
from fakes.client_contract import sent_too_soon
from fakes.clock import VirtualLoop, run
from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._meeting.state_teller import Changes, StateTeller

STATES = st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"))


class TestChanges:
    def test_the_first_value_is_sent_at_once_and_only_once(self) -> None:
        changes = Changes()
        assert changes.take({"a": "1"}, 10.0) == {"a": "1"}
        assert changes.take({"a": "1"}, 20.0) == {}
        assert changes.next_at({"a": "1"}) is None

    def test_the_latest_value_is_sent_after_a_second(self) -> None:
        changes = Changes()
        changes.take({"a": "1", "b": "1"}, 10.0)
        assert changes.take({"a": "2", "b": "1"}, 10.5) == {}
        assert changes.next_at({"a": "3", "b": "1"}) == 11.0
        assert changes.take({"a": "3", "b": "1"}, 11.0) == {"a": "3"}

    def test_an_attribute_that_is_gone_is_removed_once(self) -> None:
        changes = Changes()
        changes.take({"a": "1"}, 10.0)
        assert changes.take({}, 10.5) == {}
        assert changes.take({}, 11.0) == {"a": ""}
        assert changes.take({}, 13.0) == {}
        assert changes.next_at({}) is None

    def test_an_attribute_that_comes_back_waits_its_second_too(self) -> None:
        changes = Changes()
        changes.take({"a": "1"}, 10.0)
        changes.take({}, 11.0)
        assert changes.take({"a": "1"}, 11.5) == {}
        assert changes.take({"a": "1"}, 12.0) == {"a": "1"}

    @given(st.lists(st.tuples(st.floats(0.01, 2.0), STATES)))
    def test_any_course_of_states_is_told_in_the_end_and_never_too_often(
        self, course: list[tuple[float, dict[str, str]]]
    ) -> None:
        changes, now, told = Changes(), 0.0, list[tuple[float, Mapping[str, str]]]()
        known: dict[str, str] = {}
        for seconds, state in [*course, *[(2.0, course[-1][1] if course else {})] * 2]:
            now += seconds
            told.append((now, changes.take(state, now)))
            known.update(told[-1][1])
        assert {name: value for name, value in known.items() if value} == (course[-1][1] if course else {})
        assert sent_too_soon(told) == []


class Watched:
    """A teller in virtual time, the state that it looks at, and what it told."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.state: dict[str, str] = {}
        self.is_moving = False
        self.looks = 0
        self.told: list[tuple[float, Mapping[str, str]]] = []
        self.teller = StateTeller(self._look, lambda told: self.told.append((loop.time(), told)))

    def _look(self) -> tuple[Mapping[str, str], bool]:
        self.looks += 1
        return dict(self.state), self.is_moving


def in_virtual_time(test: Callable[[Watched], Awaitable[None]]) -> Callable[[], None]:
    def decorated() -> None:
        async def watch(loop: VirtualLoop) -> None:
            await test(Watched(loop))

        loop = VirtualLoop()
        run(loop, watch(loop))

    decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
    return decorated


@in_virtual_time
async def test_changes_of_a_moment_are_one_look(watched: Watched) -> None:
    watched.state = {"a": "1"}
    for _ in range(100):
        watched.teller.changed()
    await asyncio.sleep(5.0)
    assert watched.looks == 1
    assert [told for _, told in watched.told] == [{"a": "1"}]


@in_virtual_time
async def test_attributes_that_change_one_after_another_are_few_requests(watched: Watched) -> None:
    for number in range(100):
        watched.state[f"a{number}"] = "1"
        watched.teller.changed()
        await asyncio.sleep(0.01)
    await asyncio.sleep(1.0)
    assert len(watched.told) <= 6
    assert len({name for _, told in watched.told for name in told}) == 100


@in_virtual_time
async def test_a_state_that_does_not_change_is_not_looked_at(watched: Watched) -> None:
    watched.teller.changed()
    await asyncio.sleep(3600.0)
    assert watched.looks == 1


@in_virtual_time
async def test_a_state_that_changes_by_itself_is_looked_at_once_a_second(watched: Watched) -> None:
    watched.is_moving = True
    watched.teller.changed()
    await asyncio.sleep(10.5)
    watched.is_moving = False
    await asyncio.sleep(100.0)
    assert watched.looks == 12


@in_virtual_time
async def test_a_change_that_comes_too_soon_is_told_when_it_may_be(watched: Watched) -> None:
    watched.state = {"a": "1"}
    watched.teller.changed()
    await asyncio.sleep(0.3)
    watched.state = {"a": "2"}
    watched.teller.changed()
    await asyncio.sleep(5.0)
    (first_at, first), (second_at, second) = watched.told
    assert (first, second) == ({"a": "1"}, {"a": "2"})
    assert second_at - first_at == pytest.approx(1.0)


@in_virtual_time
async def test_a_change_does_not_wait_for_the_look_that_is_due_anyway(watched: Watched) -> None:
    watched.is_moving = True
    watched.teller.changed()
    await asyncio.sleep(0.5)
    watched.state = {"a": "1"}
    watched.teller.changed()
    await asyncio.sleep(0.1)
    assert [told for _, told in watched.told] == [{"a": "1"}]
    watched.teller.close()


@in_virtual_time
async def test_a_teller_that_has_nothing_to_do_can_be_closed(watched: Watched) -> None:
    watched.teller.close()
    await asyncio.sleep(2.0)
    assert watched.looks == 0


@in_virtual_time
async def test_a_closed_teller_tells_nothing(watched: Watched) -> None:
    watched.state = {"a": "1"}
    watched.teller.changed()
    watched.teller.close()
    watched.teller.changed()
    await asyncio.sleep(2.0)
    assert watched.told == []
