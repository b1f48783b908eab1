"""Leases in Redis, for all processes of a fleet."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

from .leases import LeasesError

_PREFIX = "azure_interpreter:leases:"
_TIMEOUT_SECONDS = 1.0
"""A place is waited for by somebody who speaks: a Redis that takes longer counts as away."""
_TAKE = """
local holders, seen = KEYS[1], KEYS[2]
local holder, most, seconds = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local before = redis.call('HMGET', seen, 'run', 'at')
if before[1] and before[1] ~= run then
  local away = now - tonumber(before[2])
  for _, one in ipairs(redis.call('ZRANGE', holders, 0, -1)) do redis.call('ZINCRBY', holders, away, one) end
end
redis.call('HSET', seen, 'run', run, 'at', string.format('%.6f', now))
redis.call('ZREMRANGEBYSCORE', holders, '-inf', now)
local granted = redis.call('ZSCORE', holders, holder) or redis.call('ZCARD', holders) < most
if granted then redis.call('ZADD', holders, now + seconds, holder) end
local last = tonumber(redis.call('ZRANGE', holders, -1, -1, 'WITHSCORES')[2] or now)
for _, key in ipairs(KEYS) do redis.call('EXPIREAT', key, math.ceil(last) + 86400) end
return granted and 1 or 0
"""
"""Redis runs it as a whole or not at all, by its own clock. After a restart it adds the time without Redis to
the leases that were kept: their holders could not renew them, and have not gone. A day after the last lease
its keys go."""


class RedisLeases:
    """Bounds what all processes of a fleet take, by leases in Redis: for `SpeechResources(leases=...)`.

    It needs the extra `[redis]`, and Redis 6.2 or newer. A lease ends with the process that holds it. If
    Redis keeps its data (`appendonly yes`), leases outlive its restart. Use it on one event loop.

    Args:
        url: The address, e.g. "redis://:password@host:6379/0"; "rediss://" for TLS.

    Raises:
        ImportError: The package `redis` is not installed.
        ValueError: `url` is no address of Redis.
    """

    def __init__(self, url: str) -> None:
        try:
            # Only who uses it needs it.
            import redis.asyncio as redis  # noqa: PLC0415
            from redis.asyncio.retry import Retry  # noqa: PLC0415
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.exceptions import RedisError  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                "RedisLeases needs the extra [redis], which is one package: python -m pip install redis"
            ) from error
        self._redis: Any = redis.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # Once more, at once: a connection that was kept may have ended meanwhile.
            retry=Retry(NoBackoff(), 1),
        )
        self._errors = (RedisError, OSError)
        self._take = self._redis.register_script(_TAKE)

    async def take(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take a lease, or renew it.

        Args:
            name: What is leased.
            holder: Who holds it; the same holder renews the lease.
            most: How many holders there may be.
            seconds: How long the lease lasts if it is not renewed.

        Returns:
            Whether the holder has the lease; False: so many others have one.
        """
        with self._told():
            return bool(await self._take(keys=_keys(name), args=[holder, most, seconds]))

    async def release(self, name: str, holder: str) -> None:
        """Give a lease back. One that is not held changes nothing.

        Args:
            name: What is leased.
            holder: Who holds it.
        """
        with self._told():
            await self._redis.zrem(_keys(name)[0], holder)

    async def aclose(self) -> None:
        """Close the connections."""
        with self._told():
            await self._redis.aclose()

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        """Raise the errors of Redis as ours."""
        try:
            yield
        except self._errors as error:
            raise LeasesError(f"Redis: {error or type(error).__name__}") from None


def _keys(name: str) -> list[str]:
    """The holders by the end of their leases, and the server that was seen last. A cluster keeps both."""
    return [f"{_PREFIX}{{{name}}}:{part}" for part in ("holders", "seen")]
