"""The record of a meeting: how many entries a second it keeps, and what that costs the loop."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fakes.record import utterance
from fakes.redis_server import RedisServer

from livekit_plugins_azure_interpreter.record import Entry, Keeper, Record, RedisRecord, SQLiteRecord

from .figures import Figure, Result, median, p99

_PER_SECOND = 20
"""More than ten people say at once: two entries for each utterance, and one every few seconds."""
_TICK_SECONDS = 0.01


def measure(*, quick: bool) -> list[Result]:
    result = Result("record")
    asyncio.run(_measure(result, entries=2000 if quick else 20_000, windows=2 if quick else 20))
    return [result]


async def _measure(result: Result, *, entries: int, windows: int) -> None:
    async with _sqlite() as record:
        await _rates(result, "SQLite", record, entries)
    async with _sqlite() as record:
        await _lags(result, record, windows)
    if shutil.which("redis-server") is None:
        print("the figures of Redis are left out: there is no redis-server on PATH")
        return
    async with _redis() as record:
        await _rates(result, "Redis", record, entries)


async def _rates(result: Result, name: str, record: Record, entries: int) -> None:
    """Each entry is confirmed: by SQLite once it is on the disk, by Redis with its default settings."""
    few = entries // 20
    alone = await _seconds(lambda: _one_by_one(record, _entries("alone", few)))
    keeper = Keeper(record, max_waiting=entries)
    batches = await _seconds(lambda: _all_at_once(keeper, _entries("batch", entries)))
    taken = median([await _taken(keeper, number) for number in range(500)])
    assert await keeper.flush()
    result.figures += [
        Figure(f"{name}: entries kept by the keeper", entries / batches, "per second"),
        Figure(f"{name}: entries kept one by one", few / alone, "per second"),
        Figure(f"{name}: to hand an entry to the keeper", 1e6 * taken, "µs of the loop"),
    ]


async def _lags(result: Result, record: Record, windows: int) -> None:
    """How late a timer is, while entries are kept and while none is, in turns."""
    keeper = Keeper(record)
    lags: dict[bool, list[float]] = {True: [], False: []}
    for window in range(2 * windows):
        recorded = bool(window % 2)
        lags[recorded] += await _window(keeper if recorded else None, window)
    assert await keeper.flush()
    for name, measured in (("half", median), ("1 %", p99)):
        beside = f"{1e3 * measured(lags[False]):.2f} ms without a record"
        late = 1e3 * measured(lags[True])
        result.figures.append(
            Figure(f"{name} of the timers of the loop are later than", late, "ms", beside=beside)
        )


async def _window(keeper: Keeper | None, window: int) -> list[float]:
    """A second of timers."""
    lags = []
    due_at = time.perf_counter()
    for tick in range(round(1 / _TICK_SECONDS)):
        if keeper is not None and tick % round(1 / _TICK_SECONDS / _PER_SECOND) == 0:
            keeper.put(utterance(tick, id=f"lag-{window}-{tick}"))
        due_at += _TICK_SECONDS
        await asyncio.sleep(due_at - time.perf_counter())
        lags.append(time.perf_counter() - due_at)
    return lags


async def _one_by_one(record: Record, entries: list[Entry]) -> None:
    for entry in entries:
        await record.append([entry])


async def _all_at_once(keeper: Keeper, entries: list[Entry]) -> None:
    keeper.put(*entries)
    assert await keeper.flush(600.0)


async def _taken(keeper: Keeper, number: int) -> float:
    began_at = time.perf_counter()
    keeper.put(utterance(number, id=f"taken-{number}"))
    seconds = time.perf_counter() - began_at
    await asyncio.sleep(0)
    return seconds


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    began_at = time.perf_counter()
    await work()
    return time.perf_counter() - began_at


def _entries(name: str, count: int) -> list[Entry]:
    """As long as a sentence and two translations of it."""
    text = "This is about as long as what somebody says in a meeting before they take a breath."
    return [
        utterance(number, id=f"{name}-{number}", text=text, translations={"fr": text, "de": text})
        for number in range(count)
    ]


@asynccontextmanager
async def _sqlite() -> AsyncIterator[Record]:
    with tempfile.TemporaryDirectory() as folder:
        record = SQLiteRecord(Path(folder, "meetings.db"))
        yield record
        await record.aclose()


@asynccontextmanager
async def _redis() -> AsyncIterator[Record]:
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        server = RedisServer(Path(folder), fsync="everysec")
        server.start()
        record = RedisRecord(server.url)
        yield record
        await record.aclose()
        server.kill()
