"""The record of meetings, and the web server that is told of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator

from livekit_plugins_azure_interpreter.record import Keeper, RedisRecord, SQLiteRecord, Webhooks, open_record

from .environment import end_malformed


def make_webhooks() -> list[Webhooks]:
    """The receiver of WEBHOOK_URL; none if it is not set.

    Raises:
        ValueError: WEBHOOK_URL or WEBHOOK_SECRET is malformed, or nothing is recorded.
    """
    url = os.environ.get("WEBHOOK_URL")
    if not url:
        return []
    if not os.environ.get("RECORD_URL"):
        raise ValueError("WEBHOOK_URL needs RECORD_URL: webhooks are sent from the record")
    if not (secrets := os.environ.get("WEBHOOK_SECRET", "").split()):
        raise ValueError("WEBHOOK_URL needs WEBHOOK_SECRET, the secret that the receiver has")
    return [Webhooks(url, secrets)]


def make_record(place: str) -> SQLiteRecord | RedisRecord:
    """The record in RECORD_URL; ends the process if it is malformed. It reads and writes nothing yet."""
    try:
        return open_record(place)
    except ValueError:
        end_malformed("RECORD_URL", "the address of a Redis, or a file in a folder that exists")


@contextlib.asynccontextmanager
async def open_keeper() -> AsyncGenerator[Keeper | None]:
    """Keeps what a job interprets, in RECORD_URL; None: nothing is recorded."""
    place = os.environ.get("RECORD_URL")
    if not place:
        yield None
        return
    record = make_record(place)
    keeper = Keeper(record, webhooks=make_webhooks())
    try:
        yield keeper
    finally:
        await keeper.aclose()
        await record.aclose()
