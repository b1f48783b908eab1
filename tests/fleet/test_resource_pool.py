"""The choice of a resource, without a clock and without Azure."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from livekit_plugins_azure_interpreter._fleet.resource_pool import (
    FIRST_REST_SECONDS,
    LONGEST_REST_SECONDS,
    ResourcePool,
    Seat,
)
from livekit_plugins_azure_interpreter._fleet.resource_reports import RefusalReason

_REASONS: tuple[RefusalReason, ...] = ("quota", "outage", "rejected")


def test_the_nearest_resource_with_a_free_place_is_first() -> None:
    pool = ResourcePool([1, 2])
    assert pool.choices(0.0) == [0, 1]
    pool.take(0)
    assert pool.choices(0.0) == [1]


def test_a_place_is_free_again_once_it_was_given_back_and_only_once() -> None:
    pool = ResourcePool([2])
    seats = [pool.take(0), pool.take(0)]
    assert [pool.leave(seats[0]), pool.leave(seats[0])] == [True, False]
    assert pool.resources[0].open_streams == 1


@pytest.mark.parametrize("reason", _REASONS)
def test_a_resource_that_refuses_rests(reason: RefusalReason) -> None:
    pool = ResourcePool([9, 9])
    assert pool.refused(pool.take(0), reason, 10.0) == FIRST_REST_SECONDS[reason]
    assert pool.choices(10.0 + FIRST_REST_SECONDS[reason] - 0.1) == [1]
    assert pool.choices(10.0 + FIRST_REST_SECONDS[reason]) == [0, 1]


def test_one_stream_tries_a_resource_after_its_rest_and_ends_the_rest() -> None:
    pool = ResourcePool([9, 9])
    pool.refused(pool.take(0), "quota", 0.0)
    probe = pool.take(0)
    assert pool.choices(50.0) == [1]
    assert pool.served(probe)
    assert pool.choices(50.0) == [0, 1]
    assert not pool.served(probe)


def test_a_probe_that_is_refused_after_it_has_left_doubles_the_rest() -> None:
    pool = ResourcePool([9, 9])
    pool.refused(pool.take(0), "quota", 0.0)
    for doubled in (20.0, 40.0, 80.0):
        probe = pool.take(0)
        pool.leave(probe)
        assert pool.refused(probe, "quota", 100.0) == doubled


def test_a_rest_has_a_longest_time() -> None:
    pool = ResourcePool([9])
    pool.refused(pool.take(0), "rejected", 0.0)
    seconds = [pool.refused(pool.take(0), "rejected", 0.0) for _ in range(9)]
    assert max(seconds) == seconds[-1] == LONGEST_REST_SECONDS


def test_a_probe_that_leaves_without_an_answer_lets_the_next_one_try() -> None:
    pool = ResourcePool([9])
    pool.refused(pool.take(0), "outage", 0.0)
    pool.leave(pool.take(0))
    assert pool.choices(9.0) == [0]


def test_streams_that_fail_together_are_one_failure() -> None:
    pool = ResourcePool([9])
    seats = [pool.take(0) for _ in range(4)]
    assert [pool.refused(seat, "outage", 1.0) for seat in seats] == [5.0, 0.0, 0.0, 0.0]
    assert pool.resources[0].refusals["outage"] == 4


def test_a_stream_from_before_the_rest_does_not_end_it() -> None:
    pool = ResourcePool([9])
    before, refused = pool.take(0), pool.take(0)
    pool.refused(refused, "quota", 0.0)
    assert not pool.served(before)
    assert pool.choices(1.0) == []


def test_resources_that_all_rest_are_tried_in_the_order_in_which_they_return() -> None:
    pool = ResourcePool([9, 9])
    pool.refused(pool.take(0), "rejected", 0.0)
    pool.refused(pool.take(1), "outage", 0.0)
    assert pool.choices(1.0) == []
    assert pool.choices(1.0, resting_too=True) == [1, 0]


def test_a_resource_that_is_full_is_no_reason_to_try_one_that_rests() -> None:
    pool = ResourcePool([1, 9])
    pool.refused(pool.take(1), "outage", 0.0)
    pool.take(0)
    assert pool.choices(1.0, resting_too=True) == []


def test_a_share_is_a_smaller_limit() -> None:
    pool = ResourcePool([9, 1])
    pool.take(0)
    assert pool.choices(0.0, share=1) == [1]
    assert pool.choices(0.0, share=0) == []


class _Day:
    """A pool that streams come to and leave, and resources that fail, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.most = [self.random.randint(1, 4) for _ in range(self.random.randint(1, 4))]
        self.pool = ResourcePool(self.most)
        self.seats: list[Seat] = []
        self.now = 0.0
        self.broken: set[int] = set()

    def steps(self) -> Iterator[None]:
        for _ in range(300):
            self.now += self.random.expovariate(1.0)
            self.random.choice([self.come, self.come, self.go, self.change])()
            yield

    def come(self) -> None:
        choices = self.pool.choices(self.now, resting_too=self.random.random() < 0.5)
        if not choices:
            return
        seat = self.pool.take(choices[0])
        if seat.index in self.broken:
            if self.random.random() < 0.5:
                self.pool.leave(seat)
            self.pool.refused(seat, self.random.choice(_REASONS), self.now)
            self.pool.leave(seat)
        else:
            self.pool.served(seat)
            self.seats.append(seat)

    def go(self) -> None:
        if self.seats:
            self.pool.leave(self.seats.pop(self.random.randrange(len(self.seats))))

    def change(self) -> None:
        self.broken ^= {self.random.randrange(len(self.most))}


def test_no_schedule_gives_more_places_than_there_are_or_forgets_one() -> None:
    for seed in range(200):
        day = _Day(seed)
        for _ in day.steps():
            opened = [one.open_streams for one in day.pool.resources]
            assert all(count <= most for count, most in zip(opened, day.most, strict=True)), f"seed {seed}"
            assert sum(opened) == len(day.seats), f"seed {seed}"
            # Only one stream tries a resource, and a resource that serves has none that tries it.
            untried = (one.probe is None or one.resting_until is not None for one in day.pool.resources)
            assert all(untried), f"seed {seed}"
        for seat in day.seats:
            day.pool.leave(seat)
        # After the longest rest every resource may be tried.
        later = day.now + LONGEST_REST_SECONDS
        assert day.pool.choices(later) == [*range(len(day.most))], f"seed {seed}"
