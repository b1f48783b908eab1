"""Something native is closed once; everybody who asks waits until it is."""

from __future__ import annotations

import asyncio

import pytest
from fakes.limits import within

from livekit_plugins_azure_interpreter._sdk.closing import begin_to_close, until_closed


async def test_a_close_that_takes_too_long_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    never = asyncio.Event()

    async def close() -> None:
        await never.wait()

    await within(until_closed(begin_to_close(close(), "a recognizer", 0.02)))
    assert "a recognizer did not stop within 0.02 s" in caplog.text
    never.set()


async def test_a_close_that_fails_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    async def close() -> None:
        raise RuntimeError("a secret")

    await within(until_closed(begin_to_close(close(), "a recognizer", 1.0)))
    assert "a recognizer did not stop cleanly: RuntimeError" in caplog.text
    assert "a secret" not in caplog.text


async def test_a_caller_that_is_cancelled_waits_until_it_is_closed() -> None:
    may_close = asyncio.Event()

    async def close() -> None:
        await may_close.wait()

    closing = begin_to_close(close(), "a recognizer", 10.0)
    waiting = asyncio.create_task(until_closed(closing))
    for _ in range(2):
        await asyncio.sleep(0)
        waiting.cancel()
    may_close.set()
    with pytest.raises(asyncio.CancelledError):
        await within(waiting)
    assert closing.done()


async def test_the_end_of_the_loop_ends_a_close_and_whoever_waits_for_it() -> None:
    closing = begin_to_close(asyncio.sleep(3600), "a recognizer", 3600.0)
    waiting = asyncio.create_task(until_closed(closing))
    await asyncio.sleep(0)
    closing.cancel()  # as `asyncio.run` cancels every task
    with pytest.raises(asyncio.CancelledError):
        await within(waiting)
