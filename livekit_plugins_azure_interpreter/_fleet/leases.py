"""The port: leases that all processes of a fleet take from."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol, TypeVar

_LIMIT_SECONDS = 2.5
"""A little longer than `RedisLeases` waits for Redis."""
_UNREAD_SECONDS = 0.1

T = TypeVar("T")


class LeasesError(Exception):
    """The leases cannot be reached; the message says why."""


class Leases(Protocol):
    """Bounds how many holders have something at the same time.

    A lease ends when it is released, or `seconds` after it was taken or renewed last: with its holder.
    """

    async def take(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take a lease, or renew it.

        Args:
            name: What is leased.
            holder: Who holds it; the same holder renews the lease.
            most: How many holders there may be.
            seconds: How long the lease lasts if it is not renewed.

        Returns:
            Whether the holder has the lease; False: so many others have one.

        Raises:
            LeasesError: The leases cannot be reached.
        """
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give a lease back. One that is not held changes nothing.

        Raises:
            LeasesError: The leases cannot be reached.
        """
        ...


async def answer_of(question: Awaitable[T]) -> T:
    """The answer of leases to a question, which is not waited for without a limit.

    Raises:
        LeasesError: They cannot be reached, or do not answer.
    """
    asked = asyncio.ensure_future(question)
    # No wait_for: before Python 3.12 it can swallow a cancellation.
    try:
        await asyncio.wait({asked}, timeout=_LIMIT_SECONDS)
        # A process that stood still may have the answer, and has not read it yet.
        await asyncio.wait({asked}, timeout=_UNREAD_SECONDS)
        if not asked.done():
            raise LeasesError(f"no answer within {_LIMIT_SECONDS} s")
        return asked.result()
    finally:
        asked.cancel()
