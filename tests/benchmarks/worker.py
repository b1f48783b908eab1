"""One measured process: it opens streams, speaks into them, and prints what it saw as JSON.

CPU time and memory are then those of one kind of stream, and of nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil

from .service import Service, environment
from .streams import OpenStream, Pushed, Stream, speak

SETTLING_SECONDS = 2.0


@dataclass(frozen=True)
class Job:
    """What a worker does: streams of a kind, for some seconds, each with the same options.

    Before it measures, they begin one after the other within `starting_seconds`.
    """

    kind: str
    seconds: float
    streams: int = 1
    starting_seconds: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Report:
    """What a worker saw.

    Attributes:
        cpu_ms: CPU time per stream and second of audio, in milliseconds.
        memory_mb: What a stream added to the process; the speech that it keeps for another attempt included.
        late_ms: Per frame, how late it was pushed.
        sound_at, pushed_at: Of the first stream: when each voice began, and when each frame was pushed.
    """

    cpu_ms: float
    memory_mb: float
    late_ms: list[float]
    voice_ms: list[float]
    further_voice_ms: list[float]
    sound_at: list[float]
    pushed_at: list[float]
    finals: int
    voice_seconds: float
    stalls: int


def run(job: Job, service: Service) -> Report:
    """Run a job in a process of its own."""
    work = json.dumps({**asdict(job), "endpoint": service.endpoint, "synthesis_url": service.synthesis_url})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.worker", work],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=environment(),
        timeout=job.starting_seconds + job.seconds + 120,
    )
    return Report(**json.loads(done.stdout.splitlines()[-1]))


def _opener(kind: str, work: Mapping[str, Any]) -> OpenStream:
    # Only what is measured is imported: its memory would be counted too.
    endpoint, options = work["endpoint"], work["options"]
    if kind == "bare":
        from .bare import BareStream  # noqa: PLC0415

        return lambda: BareStream.open(endpoint, options)
    if kind == "official":
        from .official import OfficialStream  # noqa: PLC0415

        return lambda: OfficialStream.open(endpoint)
    if kind == "pair":
        from .pair import PairStream  # noqa: PLC0415

        return lambda: PairStream.open(endpoint, dict(options))
    if kind == "session":
        from .session import interpreter  # noqa: PLC0415

        return lambda: interpreter(endpoint, dict(options))
    from .session import cascade  # noqa: PLC0415

    return lambda: cascade(endpoint, work["synthesis_url"], **options)


async def _work(work: Mapping[str, Any]) -> Report:
    if work["kind"] not in ("session", "cascade"):
        return await _measure(work)
    from .session import worker_context  # noqa: PLC0415

    async with worker_context():
        return await _measure(work)


async def _measure(work: Mapping[str, Any]) -> Report:
    open_stream = _opener(work["kind"], work)
    warm = await open_stream()  # what the first one loads is no stream's
    await asyncio.sleep(0.5)
    await warm.aclose()
    gc.collect()
    gc.freeze()  # as LiveKit's worker does before it forks: imports are not searched for garbage for ever
    memory_before = _memory_mb()
    streams = [await open_stream() for _ in range(work["streams"])]
    settling, pushed = Pushed(), Pushed()
    starting_seconds = work["starting_seconds"]
    await speak(streams, starting_seconds + SETTLING_SECONDS, settling, starting_seconds=starting_seconds)
    cpu_before = time.process_time()
    await speak(streams, work["seconds"], pushed)
    cpu_seconds = time.process_time() - cpu_before
    stalls = sum(stream.heard.stalls for stream in streams)  # measuring memory may be one
    memory_mb = _memory_mb() - memory_before
    await asyncio.gather(*(stream.aclose() for stream in streams))
    return _report(
        work,
        streams,
        cpu_seconds=cpu_seconds,
        memory_mb=memory_mb,
        settling=settling,
        pushed=pushed,
        stalls=stalls,
    )


def _report(
    work: Mapping[str, Any],
    streams: list[Stream],
    *,
    cpu_seconds: float,
    memory_mb: float,
    settling: Pushed,
    pushed: Pushed,
    stalls: int,
) -> Report:
    def all_of(part: Callable[[Stream], list[float]]) -> list[float]:
        return [round(value, 3) for stream in streams for value in part(stream)]

    return Report(
        cpu_ms=cpu_seconds * 1000 / work["seconds"] / len(streams),
        memory_mb=memory_mb / len(streams),
        late_ms=[round(late, 2) for late in pushed.late_ms],
        voice_ms=all_of(lambda stream: stream.heard.voice_ms),
        further_voice_ms=all_of(lambda stream: stream.heard.further_voice_ms),
        sound_at=streams[0].heard.sound_at,
        pushed_at=settling.at + pushed.at,
        finals=sum(stream.heard.finals for stream in streams),
        voice_seconds=sum(stream.heard.voice_seconds for stream in streams),
        stalls=stalls,
    )


def _memory_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=json.loads)
    logging.disable(logging.WARNING)
    print(json.dumps(asdict(asyncio.run(_work(parser.parse_args().work)))), flush=True)
