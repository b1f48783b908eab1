"""Processes that write one meeting at the same time.

Its arguments: the file of the record, how many processes, and how many entries each keeps. They are forks of
this one, so that they begin together and in milliseconds; there is no thread and no loop yet.
"""

from __future__ import annotations

import asyncio
import os
import sys

from fakes.record import utterance

from livekit_plugins_azure_interpreter.record import Keeper, SQLiteRecord


async def _keep(path: str, name: str, count: int) -> None:
    keeper = Keeper(SQLiteRecord(path))
    for number in range(1, count + 1):
        keeper.put(utterance(number, id=f"{name}-{number}"))
        await asyncio.sleep(0.0005)
    await keeper.aclose()


def main(path: str, processes: str, count: str) -> None:
    for process in range(int(processes)):
        if not os.fork():
            asyncio.run(_keep(path, f"process{process}", int(count)))
            return
    for _ in range(int(processes)):
        if os.wait()[1]:
            sys.exit("a process failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
