from __future__ import annotations

import pytest
from fakes.promises import TooSlow, assert_less, tries_again


@pytest.mark.parametrize("seconds", [[0.5], [1.5, 0.5], [1.0, 1.0, 0.5]])
async def test_a_promise_is_kept_where_one_of_three_tries_keeps_it(seconds: list[float]) -> None:
    left = list(seconds)
    await tries_again(_measured)(left)
    assert not left


async def test_a_promise_is_broken_where_three_tries_break_it() -> None:
    left = [2.0, 2.0, 1.5, 0.5]
    with pytest.raises(TooSlow, match=r"it took 1\.50 s"):
        await tries_again(_measured)(left)
    assert left == [0.5]


async def test_another_failure_is_not_tried_again() -> None:
    with pytest.raises(IndexError):
        await tries_again(_measured)([])


async def _measured(left: list[float]) -> None:
    assert_less(left.pop(0), 1.0)
