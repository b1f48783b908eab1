from __future__ import annotations

import asyncio
from typing import Any

import pytest

from livekit_plugins_azure_interpreter import _permissions
from livekit_plugins_azure_interpreter._permissions import Permissions


class Wire:
    """What was sent, and when."""

    def __init__(self) -> None:
        self.state = 0
        self.sent: list[int] = []
        self.times: list[float] = []
        self.permissions = Permissions(self._send)

    def change(self) -> None:
        self.state += 1
        self.permissions.changed()

    def _send(self) -> None:
        self.sent.append(self.state)
        self.times.append(asyncio.get_running_loop().time())


@pytest.fixture
async def wire() -> Any:
    wire = Wire()
    yield wire
    wire.permissions.close()


async def test_a_change_is_sent_at_once_and_again(wire: Any, until: Any) -> None:
    wire.change()
    assert wire.sent == [1]
    await until(lambda: wire.sent == [1, 1])


async def test_changes_that_follow_closely_are_sent_apart_and_the_last_one_twice(
    wire: Any, until: Any
) -> None:
    for _ in range(5):
        wire.change()
    assert wire.sent == [1]
    await until(lambda: len(wire.sent) == 2)
    wire.change()
    await until(lambda: wire.sent == [1, 5, 6, 6])
    gaps = [after - before for before, after in zip(wire.times, wire.times[1:], strict=False)]
    assert min(gaps) >= 0.9 * _permissions._GAP_SECONDS


async def test_one_that_comes_later_is_sent_at_once(wire: Any, until: Any) -> None:
    wire.change()
    await until(lambda: wire.permissions._next is None)
    wire.change()
    assert wire.sent == [1, 1, 2]


async def test_nothing_is_sent_once_it_is_closed(wire: Any) -> None:
    wire.change()
    wire.permissions.close()
    wire.change()
    await asyncio.sleep(2 * _permissions._GAP_SECONDS)
    assert wire.sent == [1]


async def test_before_any_change_there_is_nothing_to_close(wire: Any) -> None:
    wire.permissions.close()
    wire.change()
    assert wire.sent == []
