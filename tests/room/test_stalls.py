from __future__ import annotations

import asyncio
import time

from .stalls import Stalls


async def test_the_watch_tells_how_long_the_loop_was_held_up() -> None:
    stalls = Stalls()
    await asyncio.sleep(0.05)
    before = stalls.seconds
    time.sleep(0.2)  # noqa: ASYNC251 - this is what holds it up
    await asyncio.sleep(0.05)
    assert stalls.seconds - before >= 0.15
    assert stalls.longest_seconds >= 0.15
    await stalls.aclose()
