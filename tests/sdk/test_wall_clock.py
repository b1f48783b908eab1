"""A wall clock that is set back."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._sdk.wall_clock import ClockSetBackError, WallClock


@pytest.fixture
def clock() -> WallClock:
    return WallClock(1000.0, 10.0)


def test_a_step_back_is_an_error_once(clock: WallClock) -> None:
    with pytest.raises(ClockSetBackError, match=r"by 3\.0 s"):
        clock.check(998.0, 11.0)
    clock.check(999.0, 12.0)


@pytest.mark.parametrize("step", [-0.9, 0.0, 3600.0])
def test_a_step_forward_and_a_short_one_back_are_none(clock: WallClock, step: float) -> None:
    clock.check(1005.0 + step, 15.0)


def test_a_clock_that_is_slewed_is_not_set_back(clock: WallClock) -> None:
    for seconds in range(1, 1000):
        clock.check(1000.0 + seconds * 0.99, 10.0 + seconds)


def test_a_detected_change_is_not_detected_again(clock: WallClock) -> None:
    assert clock.look(990.0, 10.0) == pytest.approx(10.0)
    clock.check(990.5, 10.5)
