"""Takes and gives back leases as fast as it can, at random, until its time is over; one of many processes.

    python leasing_process.py URL MOST SECONDS

It holds each lease for some ms, and prints how many it was given.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time

from livekit_plugins_azure_interpreter._fleet.leases import LeasesError
from livekit_plugins_azure_interpreter._fleet.redis_leases import RedisLeases


async def _holder(leases: RedisLeases, holder: str, most: int, ends_at: float) -> int:
    given = 0
    while time.monotonic() < ends_at:
        try:
            if await leases.take("things", holder, most=most, seconds=5.0):
                given += 1
                await asyncio.sleep(random.uniform(0.0, 0.01))
                await leases.release("things", holder)
        except LeasesError:
            await asyncio.sleep(0.01)
    return given


async def main(url: str, most: int, seconds: float) -> None:
    leases = RedisLeases(url)
    ends_at = time.monotonic() + seconds
    holders = (_holder(leases, f"{os.getpid()}-{number}", most, ends_at) for number in range(3))
    print(sum(await asyncio.gather(*holders)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
