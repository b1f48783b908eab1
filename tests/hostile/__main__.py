"""Damaged messages and odd sockets, at an emulator that runs as a command; and one client that means well.

python -m hostile [--messages 5000] [--connections 500] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from .clients import Damage, odd_sockets, send_damaged, well_meant

_MOST_GROWTH_MB = 20.0
_MOST_WAIT_SECONDS = 0.05
_SAMPLE_SECONDS = 0.05
_WARM_UP_SECONDS = 1.0
_LIMIT_SECONDS = 30.0
_MEGABYTE = 1 << 20


@asynccontextmanager
async def emulator() -> AsyncIterator[tuple[asyncio.subprocess.Process, str, list[bytes]]]:
    """The command, its endpoint, and what it wrote to stderr when it has ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "livekit_plugins_azure_interpreter.emulator", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    errors: list[bytes] = []
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _LIMIT_SECONDS)
        reading = asyncio.gather(_all(process.stdout, []), _all(process.stderr, errors))
        yield process, next(word for word in line.decode().split() if word.startswith("ws://")), errors
        process.terminate()
        await asyncio.wait_for(asyncio.gather(process.wait(), reading), _LIMIT_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()


async def _all(stream: asyncio.StreamReader | None, kept: list[bytes]) -> None:
    assert stream is not None
    while chunk := await stream.read(1 << 16):
        kept.append(chunk)


async def _memory(pid: int, over: asyncio.Event) -> list[float]:
    """The memory of a process, again and again, in MB."""
    process, found = psutil.Process(pid), []
    while not over.is_set():
        found.append(process.memory_info().rss / _MEGABYTE)
        await asyncio.sleep(_SAMPLE_SECONDS)
    return found


@dataclass(frozen=True)
class Outcome:
    """What an emulator did among hostile clients.

    Attributes:
        damage: What became of the damaged messages.
        times: How long each result of the well-meant client took, in seconds.
        megabytes: The memory of the emulator, again and again.
        errors: What it wrote to stderr.
    """

    damage: Damage
    times: list[float]
    megabytes: list[float]
    errors: str

    @property
    def slowest_seconds(self) -> float:
        """The 99th percentile of the times."""
        return statistics.quantiles(self.times, n=100)[-1]

    @property
    def growth_mb(self) -> float:
        return max(self.megabytes) - self.megabytes[0]

    def broken(self) -> list[str]:
        """The promises that do not depend on what else the machine does."""
        found = []
        if "Traceback" in self.errors:
            found.append(f"a traceback: {self.errors[self.errors.index('Traceback') :][:2000]}")
        if without := {code: count for code, count in self.damage.without_reason.items() if count}:
            found.append(f"closed without a reason: {without}")
        if self.damage.resets:
            found.append(f"{self.damage.resets} connections were reset, which tells nobody why")
        if self.growth_mb > _MOST_GROWTH_MB:
            found.append(f"memory grew by {self.growth_mb:.1f} MB, more than {_MOST_GROWTH_MB:.0f}")
        return found

    def report(self) -> str:
        ends = ", ".join(f"{count} x {end}" for end, count in self.damage.ends.most_common())
        return (
            f"connections with damaged messages ended by: {ends}; {self.damage.resets} reset\n"
            f"memory: {self.megabytes[0]:.1f} MB at first, +{self.growth_mb:.1f} MB at most\n"
            f"the well-meant client: {len(self.times)} results, "
            f"median {statistics.median(self.times) * 1000:.1f} ms, "
            f"99th percentile {self.slowest_seconds * 1000:.1f} ms"
        )


async def attack(messages: int, connections: int, seed: int, *, held_seconds: float = 5.0) -> Outcome:
    """Send damaged messages, then hold odd sockets, while a well-meant client is served."""
    async with emulator() as (process, endpoint, errors):
        over = asyncio.Event()
        served = asyncio.create_task(well_meant(endpoint, over))
        await asyncio.sleep(_WARM_UP_SECONDS)
        memory = asyncio.create_task(_memory(process.pid, over))
        damage = await send_damaged(endpoint, messages, seed)
        async with odd_sockets(endpoint, connections):
            await asyncio.sleep(held_seconds)
        over.set()
        times, megabytes = await served, await memory
    return Outcome(damage, times, megabytes, b"".join(errors).decode(errors="replace"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m hostile", description="Hostile clients at an emulator.")
    parser.add_argument("--messages", type=int, default=5000, help="damaged (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=500, help="odd sockets (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the damage (default: %(default)s)")
    options = parser.parse_args(arguments)
    outcome = asyncio.run(attack(options.messages, options.connections, options.seed))
    print(outcome.report())
    broken = outcome.broken()
    if outcome.slowest_seconds > _MOST_WAIT_SECONDS:
        broken.append(f"1 of 100 results took more than {_MOST_WAIT_SECONDS * 1000:.0f} ms")
    for promise in broken:
        print(f"BROKEN: {promise}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
