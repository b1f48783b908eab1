"""Processes that record a meeting, each killed (`kill -9`) at a random moment of its work.

Its arguments: the file of the record, or its address in Redis; how many processes to kill; and the seed of
the moments. In the name of the file, {} stands for the number of the file: some processes share one.

Each process is a fork of this one, so that it begins in milliseconds; there is no thread and no loop yet. It
prints each entry once that is told.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import select
import signal
import sys
import time

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
"""The first process of all tells so many entries, undisturbed; so long the others live at most."""
_FIRST_SECONDS = 30.0


def main(where: str, processes: str, seed: str) -> None:
    moments = random.Random(seed)
    if _is_redis(where):
        RedisRecord(where)  # which imports what each process needs
    longest_seconds = _seconds_of_entries(where.format("first"))
    for process in range(int(processes)):
        begins, has_begun = os.pipe()
        child = os.fork()
        if not child:
            os.write(has_begun, b"!")
            file = process // _PROCESSES_PER_FILE
            asyncio.run(_record(where.format(file), f"{file}/process{process}"))
        os.read(begins, 1)
        time.sleep(moments.uniform(0.0, longest_seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(begins)
        os.close(has_begun)


def _seconds_of_entries(where: str) -> float:
    """How long a process takes for some entries, on this machine and now; what it tells is told, too."""
    entries, told = os.pipe()
    began_at = time.monotonic()
    child = os.fork()
    if not child:
        os.dup2(told, sys.stdout.fileno())
        asyncio.run(_record(where, "first/process"))
    os.close(told)
    lines = b""
    while lines.count(b"\n") < _ENTRIES_MEANWHILE:
        if not select.select([entries], [], [], _FIRST_SECONDS)[0] or not (read := os.read(entries, 4096)):
            sys.exit("the first process tells nothing")
        lines += read
    seconds = time.monotonic() - began_at
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while read := os.read(entries, 4096):
        lines += read
    os.write(sys.stdout.fileno(), lines)
    return seconds


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
