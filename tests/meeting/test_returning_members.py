"""Who is expected back after the connection was lost, and how long what is said for them waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fakes.clock import VirtualLoop, run

from livekit_plugins_azure_interpreter._meeting.returning_members import (
    _RETURN_SECONDS,
    _SUBSCRIBE_SECONDS,
    ReturningMembers,
)
from livekit_plugins_azure_interpreter._meeting.room import Member

BOB = Member("bob", {"language": "fr"}, publishes=True, tracks=("TR_bob",))


class Wait:
    """What is said for bob; how long it has waited."""

    def __init__(self, returning: ReturningMembers) -> None:
        self._loop = asyncio.get_running_loop()
        began_at = self._loop.time()

        async def wait() -> float:
            await returning.wait_for(lambda: {"bob"})
            return self._loop.time() - began_at

        self._waiting = asyncio.create_task(wait())

    async def seconds(self) -> float:
        return await self._waiting


def in_virtual_time(test: Callable[[ReturningMembers], Awaitable[None]]) -> Callable[[], None]:
    async def held() -> None:
        await test(ReturningMembers())

    def decorated() -> None:
        run(VirtualLoop(), held())

    decorated.__name__ = test.__name__
    return decorated


@in_virtual_time
async def test_nothing_waits_if_no_connection_was_lost(returning: ReturningMembers) -> None:
    assert await Wait(returning).seconds() == 0.0


@in_virtual_time
async def test_a_voice_waits_until_its_listener_is_back_and_hears_again(returning: ReturningMembers) -> None:
    returning.lost([BOB])
    wait = Wait(returning)
    await asyncio.sleep(3.0)
    returning.restored([], gone=lambda: None)
    (absent,) = returning.absent(present=[])
    assert (absent.identity, absent.publishes, absent.tracks) == ("bob", True, ())
    await asyncio.sleep(2.0)
    returning.came(["bob"])
    assert returning.absent(present=[]) == []
    assert await wait.seconds() == 5.0 + _SUBSCRIBE_SECONDS
    returning.expect_nobody()


@in_virtual_time
async def test_a_member_who_does_not_come_back_has_left(returning: ReturningMembers) -> None:
    gone = asyncio.Event()
    returning.lost([BOB])
    wait = Wait(returning)
    returning.restored([], gone=gone.set)
    await gone.wait()
    assert returning.absent(present=[]) == []
    assert await wait.seconds() == _RETURN_SECONDS


@in_virtual_time
async def test_a_connection_that_is_lost_again_begins_anew(returning: ReturningMembers) -> None:
    returning.lost([BOB])
    returning.restored([], gone=lambda: None)
    returning.lost([])
    wait = Wait(returning)
    await asyncio.sleep(2 * _RETURN_SECONDS)
    returning.restored(["bob"], gone=lambda: None)
    assert await wait.seconds() == 2 * _RETURN_SECONDS + _SUBSCRIBE_SECONDS
    returning.expect_nobody()


@in_virtual_time
async def test_a_voice_for_a_member_does_not_wait_for_somebody_new(returning: ReturningMembers) -> None:
    returning.lost([BOB])
    returning.restored(["bob"], gone=lambda: None)
    wait = Wait(returning)
    await asyncio.sleep(_SUBSCRIBE_SECONDS / 2)
    returning.came(["bob", "carol"])
    assert await wait.seconds() == _SUBSCRIBE_SECONDS
    returning.expect_nobody()
