"""A process that keeps entries; several of them write one meeting.

Its arguments: the file of the record, a name that its ids begin with, and how many entries to keep.
"""

from __future__ import annotations

import asyncio
import sys

from fakes.record import utterance

from livekit_plugins_azure_interpreter.record import Keeper, SQLiteRecord


async def main(path: str, name: str, count: str) -> None:
    keeper = Keeper(SQLiteRecord(path))
    for number in range(1, int(count) + 1):
        keeper.put(utterance(number, id=f"{name}-{number}"))
        await asyncio.sleep(0.0005)
    await keeper.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
