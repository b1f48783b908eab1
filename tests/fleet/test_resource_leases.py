"""The leases of one process, in virtual time."""

from __future__ import annotations

import asyncio
import logging

import pytest
from fakes.clock import VirtualLoop, in_virtual_time, run
from fakes.leases import FakeLeases

from livekit_plugins_azure_interpreter._fleet.resource_leases import LEASE_SECONDS, ResourceLeases


class _Process:
    """A process, and what it has lost."""

    def __init__(self, fleet: FakeLeases) -> None:
        self.fleet, self.leases = fleet, ResourceLeases(fleet)
        self.lost: list[str] = []

    async def take(self, holder: str, most: int = 1) -> bool | None:
        return await self.leases.take("near", holder, most=most, lost=lambda: self.lost.append(holder))


@in_virtual_time
async def test_a_lease_is_renewed_until_it_is_given_back() -> None:
    process = _Process(FakeLeases())
    assert await process.take("a")
    await asyncio.sleep(3 * LEASE_SECONDS)
    assert not await process.take("b")
    process.leases.release("a")
    await process.leases.settled()
    assert await process.take("b")
    process.leases.release("b")
    await process.leases.settled()
    assert process.fleet.held == {"near": {}}


def test_leases_that_cannot_be_reached_are_told_once_and_asked_again_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def hold() -> None:
        process = _Process(FakeLeases())
        process.fleet.is_away = True
        assert [await process.take("a") for _ in range(5)] == [None] * 5
        assert process.fleet.asked == 1
        assert process.leases.is_away
        process.fleet.is_away = False
        await asyncio.sleep(1.0)
        assert await process.take("a")
        assert not process.leases.is_away
        process.leases.release("a")
        await process.leases.settled()

    with caplog.at_level(logging.INFO):
        run(VirtualLoop(), hold())
    told = [record.message for record in caplog.records if "leases of Azure" in record.message]
    assert len(told) == 2


@in_virtual_time
async def test_leases_that_hang_do_not_block_a_place() -> None:
    loop = asyncio.get_running_loop()
    process = _Process(FakeLeases())
    process.fleet.hangs, began_at = True, loop.time()
    assert await process.take("a") is None
    assert loop.time() < began_at + 5.0


@in_virtual_time
async def test_a_place_that_was_taken_without_leases_is_registered_when_they_are_back() -> None:
    process = _Process(FakeLeases())
    process.fleet.is_away = True
    assert await process.take("a") is None
    process.leases.register_later("near", "a", most=1, lost=lambda: process.lost.append("a"))
    await asyncio.sleep(20.0)
    process.fleet.is_away = False
    await asyncio.sleep(2.0)
    assert [*process.fleet.held["near"]] == ["a"]
    process.leases.release("a")
    await process.leases.settled()


@in_virtual_time
async def test_a_place_that_was_taken_without_leases_is_counted_even_where_all_are_taken() -> None:
    """Three places of two: nobody gets another one until two are given back."""
    process = _Process(FakeLeases())
    process.leases.register_later("near", "a", most=2, lost=lambda: process.lost.append("a"))
    process.fleet.held["near"] = {"one": 1e9, "other": 1e9}
    await asyncio.sleep(LEASE_SECONDS)
    assert sorted(process.fleet.held["near"]) == ["a", "one", "other"]
    await process.fleet.release("near", "one")
    assert not await process.take("b", most=2)
    assert process.lost == []
    process.leases.release("a")
    await process.leases.settled()
    assert await process.take("b", most=2)
    process.leases.release("b")
    await process.leases.settled()


@in_virtual_time
async def test_leases_that_have_gone_away_are_asked_again_before_the_next_renewal() -> None:
    process = _Process(FakeLeases())
    assert await process.take("a", most=2)
    process.fleet.is_away = True
    assert await process.take("b", most=2) is None
    process.leases.register_later("near", "b", most=2, lost=lambda: process.lost.append("b"))
    process.fleet.is_away = False
    await asyncio.sleep(2.0)
    assert [*process.fleet.held["near"]] == ["a", "b"]
    for holder in "ab":
        process.leases.release(holder)
    await process.leases.settled()


@in_virtual_time
async def test_a_lease_that_another_process_got_is_lost_and_one_that_was_never_registered_is_not() -> None:
    process = _Process(FakeLeases())
    assert await process.take("a")
    process.leases.register_later("near", "b", most=1, lost=lambda: process.lost.append("b"))
    process.fleet.held["near"] = {"other": 1e9}
    await asyncio.sleep(LEASE_SECONDS)
    assert process.lost == ["a"]
    for holder in "ab":
        process.leases.release(holder)
    await process.leases.settled()


@in_virtual_time
async def test_a_lease_that_is_given_back_while_it_is_renewed_stays_given_back() -> None:
    process = _Process(FakeLeases())
    assert await process.take("a", most=2)
    assert await process.take("b", most=2)
    await asyncio.sleep(LEASE_SECONDS / 3)
    # The renewal has just begun.
    process.leases.release("a")
    await asyncio.sleep(1.0)
    assert [*process.fleet.held["near"]] == ["b"]
    process.leases.release("b")
    await process.leases.settled()


@in_virtual_time
async def test_a_cancelled_wait_leaves_no_lease() -> None:
    process = _Process(FakeLeases())
    taking = asyncio.create_task(process.take("a"))
    await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await process.leases.settled()
    assert process.fleet.held.get("near", {}) == {}


@in_virtual_time
async def test_a_release_is_not_waited_for_without_a_limit() -> None:
    process = _Process(FakeLeases())
    assert await process.take("a")
    process.fleet.hangs = True
    process.leases.release("a")
    await asyncio.wait_for(process.leases.settled(), 5.0)
    assert process.leases.is_away


@in_virtual_time
async def test_a_release_that_cannot_be_told_is_no_error() -> None:
    process = _Process(FakeLeases())
    assert await process.take("a")
    process.fleet.is_away = True
    process.leases.release("a")
    await process.leases.settled()
    assert process.leases.is_away
