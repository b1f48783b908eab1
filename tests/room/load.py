"""How many meetings one machine carries: `PYTHONPATH=tests python -m room.load [MEETINGS...]`.

In each meeting Alice says one sentence after the other, and Bob reads them in French. Everything is on this
machine: LiveKit's server, the emulator, one worker with a process for each meeting, which records it, and
all people.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil
from fakes.limits import LONG_LIMIT_SECONDS, within

from .conftest import Meeting
from .participant import Participant
from .server import MISSING, OwnServer, find_server
from .watch_cases import Listener, stage, talk

TALK_SECONDS = 30.0
_ANSWERED_SECONDS = 8.0
_MEETINGS = (1, 5, 10, 15, 20, 30, 50)


@dataclass
class Load:
    """What some meetings at once have cost.

    Attributes:
        first_seconds: From the moment at which all began to join, until the last meeting had its interpreter.
        sentences: How many were said.
        lost: How many of them nobody has read.
        delays: How long after the end of each its translation was read, in seconds.
        cores: What the processes of the meetings took.
        busy_share: How much of the machine's time was taken, by everything.
        megabytes: The memory of the processes of the meetings, each with what it shares with others.
    """

    first_seconds: float
    sentences: int
    lost: int
    delays: list[float]
    cores: float
    busy_share: float
    megabytes: float

    def __str__(self) -> str:
        delays = sorted(self.delays) or [float("nan")]
        median, late = statistics.median(delays), delays[int(0.9 * (len(delays) - 1))]
        return (
            f"{self.first_seconds:.1f} s | {self.sentences} | {self.lost} | {median:.2f} s | {late:.2f} s | "
            f"{self.cores:.2f} | {self.busy_share:.0%} | {self.megabytes:.0f} MB"
        )


async def measure(server: OwnServer, count: int, record: Path) -> Load:
    """Hold so many meetings at once."""
    environment = {"MAX_MEETINGS": str(count), "RECORD": str(record)}
    meetings = [Meeting(server) for _ in range(count)]
    async with stage(server, environment) as (workers, _):
        try:
            begun_at = time.monotonic()
            alices = await asyncio.gather(
                *(one.join("alice", {"language": "en"}, microphone=True) for one in meetings)
            )
            bobs = await asyncio.gather(*(one.join("bob", {"language": "fr"}, deaf=True) for one in meetings))
            there = (bob.until(lambda bob=bob: _has_interpreter(bob)) for bob in bobs)
            await within(asyncio.gather(*there), LONG_LIMIT_SECONDS)
            first_seconds = time.monotonic() - begun_at
            processes = workers.first.processes()
            before, _ = _seconds(processes), psutil.cpu_percent()
            listeners, ending = [Listener(bob) for bob in bobs], asyncio.Event()
            talking = [
                asyncio.create_task(talk(*both, ending)) for both in zip(alices, listeners, strict=True)
            ]
            await asyncio.sleep(TALK_SECONDS)
            busy_share, cores = psutil.cpu_percent() / 100, (_seconds(processes) - before) / TALK_SECONDS
            ending.set()
            await within(asyncio.gather(*talking), LONG_LIMIT_SECONDS)
            await asyncio.sleep(_ANSWERED_SECONDS)
            said = [one for listener in listeners for one in listener.said]
            return Load(
                first_seconds,
                len(said),
                sum(not one.captions for one in said),
                [one.captions[0] - one.ended for one in said if one.captions],
                cores,
                busy_share,
                sum(process.memory_info().rss for process in processes) / 1e6,
            )
        finally:
            await asyncio.gather(*(one.aclose() for one in meetings))


def _has_interpreter(bob: Participant) -> bool:
    return any(name == "alice-fr" for _, name in bob.tracks)


def _seconds(processes: Iterable[psutil.Process]) -> float:
    """The CPU that they took, as long as they live."""
    times = (process.cpu_times() for process in processes if process.is_running())
    return sum(one.user + one.system for one in times)


async def _table(counts: Iterable[int]) -> None:
    binary = find_server()
    assert isinstance(binary, str), MISSING
    names = (
        "meetings",
        "interpreters after",
        "said",
        "lost",
        "delay, median",
        "90th",
        "cores",
        "busy",
        "memory",
    )
    print(f"| {' | '.join(names)} |")
    print("|---" * len(names) + "|")
    for count in counts:
        server = OwnServer(binary)
        try:
            with tempfile.TemporaryDirectory() as folder:
                load = await measure(server, count, Path(folder) / "meetings.db")
        finally:
            server.kill()
        print(f"| {count} | {load} |", flush=True)


if __name__ == "__main__":
    asyncio.run(_table([int(one) for one in sys.argv[1:]] or _MEETINGS))
