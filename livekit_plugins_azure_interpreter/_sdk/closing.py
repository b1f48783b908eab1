"""Closes something native once; every caller waits until it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from ..log import logger


def begin_to_close(closing: Coroutine[Any, Any, None], name: str, limit_seconds: float) -> asyncio.Task[None]:
    """Close in a task of its own, which ends within the limit; await it with `until_closed`.

    Args:
        closing: Closes it. After the limit it continues, but nothing waits for it.
        name: Names the closed thing in the log.
        limit_seconds: How long that may take.
    """
    return asyncio.create_task(_close(asyncio.ensure_future(closing), name, limit_seconds))


async def until_closed(closing: asyncio.Task[None]) -> None:
    """Wait for the task. A cancelled caller still waits, so that nothing stays open."""
    is_cancelled = False
    while not closing.done():
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError


async def _close(closing: asyncio.Future[None], name: str, limit_seconds: float) -> None:
    done, _ = await asyncio.wait({closing}, timeout=limit_seconds)
    if not done:
        logger.error("%s did not stop within %s s", name, limit_seconds)
    elif (error := closing.exception()) is not None:
        logger.error("%s did not stop cleanly: %s", name, type(error).__name__)
