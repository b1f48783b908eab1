"""Leases in a real Redis server, which each test may kill."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis
from fakes.fixtures import Until
from fakes.limits import LIMIT_SECONDS, LONG_LIMIT_SECONDS, within
from fakes.redis_server import RedisServer

from livekit_plugins_azure_interpreter._fleet.leases import LeasesError
from livekit_plugins_azure_interpreter._fleet.redis_leases import RedisLeases

pytestmark = pytest.mark.native

_NAME = "recognition:near"
_THINGS = "azure_interpreter:leases:{things}:holders"


@pytest.fixture
async def leases(server: RedisServer) -> AsyncIterator[RedisLeases]:
    leases = RedisLeases(server.url)
    yield leases
    await within(leases.aclose())


async def take(leases: RedisLeases, holder: str, *, most: int = 2, seconds: float = 30.0) -> bool:
    return await within(leases.take(_NAME, holder, most=most, seconds=seconds))


async def test_no_more_leases_are_given_than_there_are(leases: RedisLeases) -> None:
    assert [await take(leases, one) for one in ("a", "b", "c")] == [True, True, False]
    await leases.release(_NAME, "a")
    assert await take(leases, "c")


async def test_a_holder_renews_its_lease_also_if_all_are_taken(leases: RedisLeases) -> None:
    assert [await take(leases, one) for one in ("a", "b", "a")] == [True, True, True]


async def test_a_lease_of_another_name_is_another_one(leases: RedisLeases) -> None:
    assert await take(leases, "a", most=1)
    assert await leases.take("other", "b", most=1, seconds=30.0)


async def test_a_release_of_what_is_not_held_changes_nothing(leases: RedisLeases) -> None:
    await take(leases, "a", most=1)
    await leases.release(_NAME, "b")
    assert not await take(leases, "b", most=1)


async def test_a_lease_that_is_not_renewed_ends(leases: RedisLeases, until: Until) -> None:
    await take(leases, "a", most=1, seconds=0.05)
    ends_at = asyncio.get_running_loop().time() + LIMIT_SECONDS
    while not await take(leases, "b", most=1):
        assert asyncio.get_running_loop().time() < ends_at


async def test_leases_outlive_a_restart_of_redis_whose_time_does_not_count(
    leases: RedisLeases, server: RedisServer
) -> None:
    await take(leases, "a", most=1, seconds=0.6)
    server.kill()
    await asyncio.sleep(0.7)  # the lease would have ended
    server.start()
    assert not await take(leases, "b", most=1)
    assert await take(leases, "a", most=1)


async def test_a_redis_that_is_away_is_an_error_and_one_that_is_back_serves(
    leases: RedisLeases, server: RedisServer
) -> None:
    server.kill()
    with pytest.raises(LeasesError, match="Redis: "):
        await take(leases, "a")
    with pytest.raises(LeasesError, match="Redis: "):
        await leases.release(_NAME, "a")
    server.start()
    assert await take(leases, "a")


async def test_the_keys_of_leases_that_nobody_wants_any_more_go(
    leases: RedisLeases, server: RedisServer
) -> None:
    await take(leases, "a")
    with redis.Redis.from_url(server.url) as client:
        assert all(0 < client.ttl(key) <= 86400 + 31 for key in client.keys("*"))
        assert len(client.keys("*")) == 2


async def test_the_extra_is_named_if_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ImportError, match=r"RedisLeases needs the extra \[redis\]"):
        RedisLeases("redis://localhost")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork: a process begins in milliseconds")
def test_many_processes_never_have_more_leases_than_there_are_also_if_redis_is_killed(
    server: RedisServer,
) -> None:
    most, processes = 4, 5
    path = str(Path(__file__).parent / "leasing_process.py")
    command = [sys.executable, path, server.url, str(most), str(processes)]
    taking = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert set(_counts_until_full(server, most)) <= {*range(most + 1)}
    server.kill()
    server.start()
    assert set(_counts_until_full(server, most)) <= {*range(most + 1)}
    told, _ = taking.communicate(timeout=LONG_LIMIT_SECONDS)
    given = [*map(int, told.split())]
    assert (taking.returncode, len(given)) == (0, processes)
    assert sum(given) > most


def _counts_until_full(server: RedisServer, most: int) -> list[int]:
    """How many leases there were, until all of them were taken many times."""
    counts: list[int] = []
    ends_at = time.monotonic() + LONG_LIMIT_SECONDS
    with redis.Redis.from_url(server.url) as client:
        while counts.count(most) < 20:
            assert time.monotonic() < ends_at
            counts.append(client.zcard(_THINGS))
            time.sleep(0.001)
    return counts
