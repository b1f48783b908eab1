"""Processes that take and give back leases again and again, at random, until their standard input ends.

    python leasing_process.py URL MOST PROCESSES

Each holds a lease for some ms, and prints how many it was given. They are forks of this one, so that they
begin together and in milliseconds; there is no thread and no loop yet.
"""

from __future__ import annotations

import asyncio
import os
import random
import select
import sys

from livekit_plugins_azure_interpreter._fleet.leases import LeasesError
from livekit_plugins_azure_interpreter._fleet.redis_leases import RedisLeases


def _may_go_on() -> bool:
    return not select.select([sys.stdin], [], [], 0)[0]


async def _holder(leases: RedisLeases, holder: str, most: int) -> int:
    given = 0
    while _may_go_on():
        try:
            if await leases.take("things", holder, most=most, seconds=5.0):
                given += 1
                await asyncio.sleep(random.uniform(0.0, 0.02))
                await leases.release("things", holder)
            else:
                await asyncio.sleep(0.005)
        except LeasesError:
            await asyncio.sleep(0.01)
    return given


async def _take(url: str, most: int) -> None:
    leases = RedisLeases(url)
    holders = (_holder(leases, f"{os.getpid()}-{number}", most) for number in range(3))
    given = sum(await asyncio.gather(*holders))
    # One write: where Python does not buffer, print makes two, and another process may write between them.
    os.write(1, b"%d\n" % given)


def main(url: str, most: str, processes: str) -> None:
    RedisLeases(url)  # which imports what each process needs
    for _ in range(int(processes)):
        if not os.fork():
            asyncio.run(_take(url, int(most)))
            return
    for _ in range(int(processes)):
        if os.wait()[1]:
            sys.exit("a process failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
