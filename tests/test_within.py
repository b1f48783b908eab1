from __future__ import annotations

import asyncio
import contextlib

import pytest

from livekit_plugins_azure_interpreter._within import within

_LONG_SECONDS = 60.0


async def test_a_result_is_given() -> None:
    assert await within(asyncio.sleep(0, "a result"), _LONG_SECONDS) == "a result"


async def test_an_error_is_raised() -> None:
    async def fail() -> None:
        raise ValueError("it failed")

    with pytest.raises(ValueError, match="it failed"):
        await within(fail(), _LONG_SECONDS)


@pytest.mark.parametrize("seconds", [0.0, 0.01])
async def test_a_wait_that_takes_too_long_is_cancelled(seconds: float) -> None:
    never = asyncio.get_running_loop().create_future()
    with pytest.raises(asyncio.TimeoutError):
        await within(never, seconds)
    assert never.cancelled()


async def test_a_result_that_comes_in_spite_of_the_limit_is_given() -> None:
    async def keep_on() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(_LONG_SECONDS)
        return "late"

    assert await within(keep_on(), 0.01) == "late"


async def test_a_wait_for_what_somebody_else_cancels_is_cancelled() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    limited = asyncio.create_task(within(future, _LONG_SECONDS))
    await asyncio.sleep(0)
    future.cancel()
    await asyncio.wait({limited})
    assert limited.cancelled()


async def test_a_cancelled_wait_cancels_what_is_waited_for() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    limited = asyncio.create_task(within(future, _LONG_SECONDS))
    await asyncio.sleep(0)
    limited.cancel()
    await asyncio.wait({limited})
    assert limited.cancelled()
    assert future.cancelled()


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancellation_that_comes_with_the_result_is_not_lost(turns: int) -> None:
    """Whatever the number of turns of the loop between the two."""
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    is_over = False

    async def work() -> None:
        nonlocal is_over
        await within(future, _LONG_SECONDS)
        await asyncio.sleep(0.05)
        is_over = True

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    future.set_result("a result")
    for _ in range(turns):
        await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait({working})
    assert working.cancelled()
    assert not is_over
