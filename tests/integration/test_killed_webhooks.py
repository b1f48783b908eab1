"""A process that tells a receiver of a meeting is killed at any moment: the receiver gets each event all the
same, in order, and knows repeats by their ids."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fakes.limits import LONG_LIMIT_SECONDS, within
from fakes.record import MEETING
from fakes.redis_server import RedisServer
from fakes.webhook_receiver import SECRET, WebhookReceiver

from livekit_plugins_azure_interpreter.record import Deliveries, RedisRecord, SQLiteRecord, Webhooks

_HELD_SECONDS = 2.0
"""The last one that was killed holds the meeting for less."""
_KILLS = int(os.environ.get("KILLS", "3"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork: a process begins in milliseconds"),
]


@pytest.fixture
def seed() -> str:
    seed = os.environ.get("SEED", str(random.randrange(10**6)))
    print(f"SEED={seed}")
    return seed


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver() as receiver:
        yield receiver


async def test_each_entry_told_is_delivered_out_of_the_file_whenever_the_process_is_killed(
    tmp_path: Path, receiver: WebhookReceiver, seed: str
) -> None:
    path = tmp_path / "meetings.db"
    told = await _kill(str(path), receiver, seed)
    await _check(SQLiteRecord(path), receiver, told)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.kill()


async def test_each_entry_told_is_delivered_out_of_redis_whenever_the_process_is_killed(
    redis: RedisServer, receiver: WebhookReceiver, seed: str
) -> None:
    told = await _kill(redis.url, receiver, seed)
    await _check(RedisRecord(redis.url), receiver, told)


async def _kill(where: str, receiver: WebhookReceiver, seed: str) -> list[str]:
    """What the processes told."""
    receiver.answers.extend([(500, {}), (200, {}), (200, {})] * _KILLS)
    tests = str(Path(__file__).parents[1])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(tests, "integration", "killed_webhooks.py"))),
        *(where, receiver.url, str(_KILLS), seed),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])},
    )
    output, _ = await within(process.communicate(), LONG_LIMIT_SECONDS + _KILLS)
    assert process.returncode == 0
    return output.decode().split()


async def _deliver_left(webhooks: Webhooks, record: Deliveries) -> bool:
    await asyncio.sleep(_HELD_SECONDS)
    return await webhooks.deliver_left(record, LONG_LIMIT_SECONDS)


async def _check(record: Deliveries, receiver: WebhookReceiver, told: list[str]) -> None:
    webhooks = Webhooks(receiver.url, SECRET)
    assert await within(_deliver_left(webhooks, record), LONG_LIMIT_SECONDS)
    entries = await within(record.read(MEETING))
    first = {one.id: one for one in reversed(receiver.got)}
    kept = {entry.id: entry.number for entry in entries}
    assert len(told) > 3 * _KILLS, "the processes had begun to record"
    assert set(told) <= set(kept)
    assert {one.body["data"]["id"] for one in first.values()} == set(kept), "each is there"
    assert len(first) == len(kept), "one id for each"
    in_order = sorted(first.values(), key=receiver.got.index)
    assert [one.number for one in in_order] == [*range(1, len(entries) + 1)]
    await within(record.aclose())
