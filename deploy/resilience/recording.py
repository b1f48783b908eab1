"""The record of meetings, and the web server that is told of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator

from livekit_plugins_azure_interpreter.record import Keeper, Webhooks, open_record


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


@contextlib.asynccontextmanager
async def open_keeper() -> AsyncGenerator[Keeper | None]:
    """Keeps what a job interprets, in RECORD_URL; None: nothing is recorded."""
    place = os.environ.get("RECORD_URL")
    if not place:
        yield None
        return
    record = open_record(place)
    keeper = Keeper(record, webhooks=make_webhooks())
    try:
        yield keeper
    finally:
        await keeper.aclose()
        await record.aclose()
