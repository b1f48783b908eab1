"""Keeps the entries of meetings in Redis, for several machines."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Generator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from .._options.numbers import check_number
from .entries import Entry, Started, UnreadableEntryError, from_json, to_json
from .record import Meeting, RecordError

_PREFIX = "azure_interpreter:record:"
_TIMEOUT_SECONDS = 5.0
_DAY_SECONDS = 86400.0
_PAGE = 1000
_ROOM_SECONDS = 86400
_APPEND = """
local entries, ids, about = KEYS[1], KEYS[2], KEYS[3]
local most, keep_seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local numbers = {}
for i = 3, #ARGV, 5 do
  local id, person, at, room, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local number = redis.call('ZSCORE', ids, id)
  if not number then
    number = redis.call('HINCRBY', about, 'last_number', 1)
    redis.call('HSETNX', about, 'started_at', at)
    redis.call('HSET', about, 'last_at', at)
    if room ~= '' then redis.call('HSET', about, 'room', room) end
    redis.call('ZADD', ids, number, id)
    redis.call('XADD', entries, 'MAXLEN', '~', most, '*', 'number', number, 'person', person, 'entry', entry)
  end
  numbers[#numbers + 1] = tonumber(number)
end
redis.call('ZREMRANGEBYRANK', ids, 0, -most - 1)
if keep_seconds > 0 then
  local oldest = (tonumber(redis.call('TIME')[1]) - keep_seconds) * 1000
  redis.call('XTRIM', entries, 'MINID', '=', string.format('%.0f', math.max(oldest, 0)))
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, keep_seconds) end
end
return numbers
"""
"""Redis runs it as a whole or not at all. An entry whose id the meeting has is not added again, so an
`append` whose answer was lost with the connection can be repeated."""


class RedisRecord:
    """Keeps entries in Redis, so that all machines of a fleet share one record.

    It needs the extra `[redis]`, and Redis 6.2 or newer. Each meeting is a stream. `append` returns when
    Redis has confirmed the entries. Its setting `appendfsync` decides whether they survive the death of
    the server; the default may lose the last second.

    Args:
        url: The address, e.g. "redis://:password@host:6379/0"; "rediss://" for TLS.
        keep_days: Entries that are older are deleted, with each `append` to their meeting, and whole
            meetings so long after their last entry. None: never.
        max_entries: A longer meeting loses its first entries. 100,000 are some days of a lively one.

    Raises:
        ImportError: The package `redis` is not installed.
        ValueError: `url` is no address of Redis, or `keep_days` or `max_entries` is not a positive number.
    """

    def __init__(self, url: str, *, keep_days: float | None = None, max_entries: int = 100_000) -> None:
        check_number("keep_days", keep_days, above=0, or_none=True)
        check_number("max_entries", max_entries, least=1, whole=True)
        try:
            import redis.asyncio as redis  # noqa: PLC0415 - only who uses it needs it
            from redis.exceptions import RedisError  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                "RedisRecord needs the extra [redis], which is one package: python -m pip install redis"
            ) from error
        self._redis: Any = redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )
        self._errors = (RedisError, OSError)
        self._append = self._redis.register_script(_APPEND)
        self._keep_seconds = 0 if keep_days is None else max(1, round(keep_days * _DAY_SECONDS))
        self._max_entries = max_entries

    async def append(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """See `Record`."""
        kept: list[Entry] = []
        with self._told():
            for meeting, these in groupby(entries, lambda entry: entry.meeting):
                kept += await self._append_to(meeting, list(these))
        return kept

    async def read(self, meeting: str) -> Sequence[Entry]:
        """See `Record`."""
        with self._told():
            rows = [row async for page in self._pages(meeting) for _, row in page]
        try:
            return [from_json(row["entry"], int(row["number"])) for row in rows]
        except UnreadableEntryError as error:
            raise RecordError(str(error)) from None

    async def meetings(self) -> Sequence[Meeting]:
        """See `Record`."""
        found = []
        with self._told():
            async for key in self._redis.scan_iter(match=f"{_PREFIX}*:about", count=_PAGE):
                meeting = key.removeprefix(f"{_PREFIX}{{").removesuffix("}:about")
                if (one := await self._meeting(meeting)) is not None:
                    found.append(one)
        return sorted(found, key=lambda one: (one.started_at, one.id))

    async def latest(self, room: str) -> Meeting | None:
        """See `Record`."""
        with self._told():
            meeting = await self._redis.get(_room_key(room))
            return None if meeting is None else await self._meeting(meeting)

    async def delete(self, meeting: str, *, person: str | None = None) -> int:
        """See `Record`."""
        stream, *_ = keys = _keys(meeting)
        with self._told():
            if person is None:
                deleted: int = await self._redis.xlen(stream)
                await self._redis.delete(*keys)
                return deleted
            deleted = 0
            async for page in self._pages(meeting):
                if theirs := [place for place, row in page if row["person"] == person]:
                    deleted += await self._redis.xdel(stream, *theirs)
            return deleted

    async def aclose(self) -> None:
        """Close the connections."""
        with self._told():
            await self._redis.aclose()

    async def _append_to(self, meeting: str, entries: Sequence[Entry]) -> list[Entry]:
        arguments: list[str | float] = [self._max_entries, self._keep_seconds]
        for entry in entries:
            room = entry.room if isinstance(entry, Started) else ""
            arguments += [entry.id, entry.person, repr(entry.at), room, to_json(entry)]
        numbers = await self._append(keys=_keys(meeting), args=arguments)
        for room in {entry.room for entry in entries if isinstance(entry, Started) and entry.room}:
            await self._redis.set(_room_key(room), meeting, ex=_ROOM_SECONDS)
        return [replace(entry, number=number) for entry, number in zip(entries, numbers, strict=True)]

    async def _meeting(self, meeting: str) -> Meeting | None:
        """What is known about a meeting; None if nothing is left of it."""
        stream, _, about_key = _keys(meeting)
        about = await self._redis.hgetall(about_key)
        entries = await self._redis.xlen(stream)
        if not entries:
            return None
        times = float(about["started_at"]), float(about["last_at"])
        return Meeting(meeting, about.get("room", ""), *times, entries)

    async def _pages(self, meeting: str) -> AsyncIterator[Any]:
        """The rows of a meeting, some at a time."""
        after = "-"
        while page := await self._redis.xrange(_keys(meeting)[0], min=after, count=_PAGE):
            yield page
            after = f"({page[-1][0]}"

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        """Raise the errors of Redis as ours; they name no words of a meeting."""
        try:
            yield
        except self._errors as error:
            raise RecordError(f"Redis: {error or type(error).__name__}") from None


def _keys(meeting: str) -> list[str]:
    """The stream, the numbers by id, and what is known about the meeting; a cluster keeps them together."""
    return [f"{_PREFIX}{{{meeting}}}:{name}" for name in ("entries", "ids", "about")]


def _room_key(room: str) -> str:
    """The last meeting of a room."""
    return f"{_PREFIX}room:{room}"
