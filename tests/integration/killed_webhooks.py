"""Processes that record a meeting and tell a receiver of it, each killed (`kill -9`) at a random moment.

Its arguments: the file of the record, or its address in Redis; the address of the receiver; how many
processes to kill; and the seed of the moments. It prints each entry once that is told.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from functools import partial

from fakes.killing import kill_each
from fakes.record import MEETING, utterance
from fakes.webhook_receiver import SECRET

from livekit_plugins_azure_interpreter.record import (
    Entry,
    Keeper,
    RedisRecord,
    SQLiteRecord,
    Started,
    Webhooks,
    webhook_backlog,
    webhook_call,
)

_ENTRIES_MEANWHILE = 50
"""How many a process tells at most before it is killed."""


def main(where: str, url: str, processes: str, seed: str) -> None:
    if "://" in where:
        RedisRecord(where)  # which imports what each process needs
    works = [partial(_record, where, url, f"process{process}") for process in range(int(processes))]
    kill_each(partial(_record, where, url, "first"), works, lines=_ENTRIES_MEANWHILE, seed=seed)


def hurry() -> None:
    """The next process need not wait for long, and a try follows soon."""
    webhook_backlog.HELD_SECONDS = 0.05
    webhook_call._FIRST_PAUSE_SECONDS = 0.01


async def _record(where: str, url: str, name: str) -> None:
    """Record until it is killed."""
    hurry()
    record = RedisRecord(where) if "://" in where else SQLiteRecord(where)
    keeper = Keeper(record, webhooks=[Webhooks(url, SECRET)])
    keeper.on("entry_kept", _tell)
    keeper.put(Started(id=f"{name}/0", meeting=MEETING, at=time.time()))
    for number in itertools.count(1):
        keeper.put(utterance(number, id=f"{name}/{number}", at=time.time()))
        await asyncio.sleep(0.005)


def _tell(entry: Entry) -> None:
    # One write, which is done as a whole or not at all.
    os.write(sys.stdout.fileno(), f"{entry.id}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
