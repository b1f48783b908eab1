"""Processes that record a meeting, each killed (`kill -9`) at a random moment of its work.

Its arguments: the file of the record, or its address in Redis; how many processes to kill; and the seed of
the moments. In the name of the file, {} stands for the number of the file: some processes share one. It
prints each entry once that is told.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from functools import partial

from fakes.killing import kill_each
from fakes.record import utterance

from livekit_plugins_azure_interpreter.record import (
    Corrected,
    Entry,
    Heard,
    Keeper,
    RedisRecord,
    SQLiteRecord,
)

_PROCESSES_PER_FILE = 5
"""The first of them makes the file; it, too, may be killed meanwhile."""
_ENTRIES_MEANWHILE = 300
"""How many a process tells at most before it is killed."""


def main(where: str, processes: str, seed: str) -> None:
    if _is_redis(where):
        RedisRecord(where)  # which imports what each process needs
    files = [process // _PROCESSES_PER_FILE for process in range(int(processes))]
    works = [
        partial(_record, where.format(file), f"{file}/process{process}") for process, file in enumerate(files)
    ]
    first = partial(_record, where.format("first"), "first/process")
    kill_each(first, works, lines=_ENTRIES_MEANWHILE, seed=seed)


def _is_redis(where: str) -> bool:
    return "://" in where


async def _record(where: str, name: str) -> None:
    """Record until it is killed."""
    keeper = Keeper(RedisRecord(where) if _is_redis(where) else SQLiteRecord(where))
    keeper.on("entry_kept", _tell)
    for number in itertools.count(1):
        said = utterance(number, id=f"{name}/{number}", started_at=time.time() - 1, ended_at=time.time())
        frame = {"meeting": said.meeting, "at": time.time(), "person": "alice", "utterance": said.id}
        corrected = Corrected(id=f"{said.id}/corrected", language="fr", text="corrected", **frame)
        keeper.put(said, corrected)
        await asyncio.sleep(0.0002)
        keeper.put(Heard(id=f"{said.id}/heard", language="fr", outcome="voiced", **frame))


def _tell(entry: Entry) -> None:
    # One write, which is done as a whole or not at all.
    os.write(sys.stdout.fileno(), f"{entry.id} {entry.number}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
