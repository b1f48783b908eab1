"""What a run costs its process, and the emulator in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

_MIB = 2**20


@dataclass(frozen=True)
class Usage:
    """What the process uses at one moment: resident memory in MB, threads with those of native code."""

    rss_mb: float
    threads: int
    tasks: int


def usage() -> Usage:
    """What is used now; garbage is collected first."""
    gc.collect()
    process = psutil.Process()
    try:
        tasks = len(asyncio.all_tasks())
    except RuntimeError:  # no loop
        tasks = 0
    return Usage(process.memory_info().rss / _MIB, process.num_threads(), tasks)


def alive(*kinds: type) -> dict[str, int]:
    """How many instances of each kind are in memory; garbage is collected first."""
    gc.collect()
    found = Counter(type(one) for one in gc.get_objects())
    return {kind.__name__: found[kind] for kind in kinds if found[kind]}


@contextlib.contextmanager
def emulator(*options: str) -> Iterator[str]:
    """An emulator in a process of its own, so that its memory is not counted; gives its endpoint."""
    command = [sys.executable, "-m", "livekit_plugins_azure_interpreter.emulator", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield next(word for word in line.split() if word.startswith("ws://"))
        finally:
            process.terminate()
