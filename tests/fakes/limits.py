"""How long a test waits for what must happen. A limit ends a hang; it is no promise of speed.

A promise ("closing takes about a second at most") is measured with `fakes.promises`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

LIMIT_SECONDS = 30.0
"""Longer than anything takes, on a machine with other work too; shorter than the 60 s after which aiohttp
and LiveKit give up by themselves."""
LONG_LIMIT_SECONDS = 120.0
"""The same for a whole process, or many cases at once: on a busy machine, importing LiveKit alone takes half
a minute."""

T = TypeVar("T")


async def within(awaitable: Awaitable[T], seconds: float = LIMIT_SECONDS) -> T:
    return await asyncio.wait_for(awaitable, seconds)
