from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from fakes.clock import VirtualLoop, run

from livekit_plugins_azure_interpreter._meeting.track_permissions import _GAP_SECONDS, TrackPermissions


class Wire:
    """What was sent, and when."""

    def __init__(self) -> None:
        self.state = 0
        self.sent: list[int] = []
        self.times: list[float] = []
        self.permissions = TrackPermissions(self._send)

    def change(self) -> None:
        self.state += 1
        self.permissions.changed()

    def _send(self) -> None:
        self.sent.append(self.state)
        self.times.append(asyncio.get_running_loop().time())


def in_virtual_time(test: Callable[[Wire], Awaitable[None]]) -> Callable[[], None]:
    async def held() -> None:
        wire = Wire()
        await test(wire)
        wire.permissions.close()

    def decorated() -> None:
        run(VirtualLoop(), held())

    decorated.__name__ = test.__name__
    return decorated


@in_virtual_time
async def test_a_change_is_sent_at_once_and_again(wire: Wire) -> None:
    wire.change()
    assert wire.sent == [1]
    await asyncio.sleep(_GAP_SECONDS)
    assert wire.sent == [1, 1]


@in_virtual_time
async def test_changes_that_follow_closely_are_sent_apart_and_the_last_one_twice(wire: Wire) -> None:
    for _ in range(5):
        wire.change()
    assert wire.sent == [1]
    await asyncio.sleep(1.5 * _GAP_SECONDS)
    assert wire.sent == [1, 5]
    wire.change()
    await asyncio.sleep(10 * _GAP_SECONDS)
    assert wire.sent == [1, 5, 6, 6]
    gaps = [after - before for before, after in pairwise(wire.times)]
    assert gaps == [pytest.approx(_GAP_SECONDS)] * 3


@in_virtual_time
async def test_one_that_comes_later_is_sent_at_once(wire: Wire) -> None:
    wire.change()
    await asyncio.sleep(10 * _GAP_SECONDS)
    wire.change()
    assert wire.sent == [1, 1, 2]


@in_virtual_time
async def test_nothing_is_sent_once_it_is_closed(wire: Wire) -> None:
    wire.change()
    wire.permissions.close()
    wire.change()
    await asyncio.sleep(2 * _GAP_SECONDS)
    assert wire.sent == [1]


@in_virtual_time
async def test_nothing_needs_closing_before_any_change(wire: Wire) -> None:
    wire.permissions.close()
    wire.change()
    assert wire.sent == []
