"""Opens a record by its place, as a command or a variable names it."""

from __future__ import annotations

from .redis_record import RedisRecord
from .sqlite_record import SQLiteRecord

_REDIS = ("redis://", "rediss://", "unix://")


def open_record(place: str) -> SQLiteRecord | RedisRecord:
    """The record at a place: the path of a file of SQLite, or the address of a Redis.

    Args:
        place: E.g. "meetings.db" or "redis://localhost".

    Raises:
        ImportError: It is in a Redis, and the package `redis` is not installed.
        ValueError: The folder of the file does not exist, or the address is malformed.
    """
    return RedisRecord(place) if place.startswith(_REDIS) else SQLiteRecord(place)
