"""Waits with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(awaitable: Awaitable[T], seconds: float) -> T:
    """Wait for a result, so long at most; then what is waited for is cancelled.

    Before Python 3.12, `asyncio.wait_for` loses a cancellation that comes just when the result is there: a
    loop that is cancelled would go on for ever, and whoever waits for its end, too.

    Raises:
        asyncio.TimeoutError: It took longer.
    """
    waiting = asyncio.ensure_future(awaitable)
    try:
        await asyncio.wait({waiting}, timeout=seconds)
        is_late = not waiting.done()
    finally:
        if not waiting.done():
            waiting.cancel()
            await asyncio.wait({waiting})
    if is_late and waiting.cancelled():
        raise asyncio.TimeoutError
    return waiting.result()
