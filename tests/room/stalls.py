"""How much a busy machine holds up this process: what plays in real time may be interrupted meanwhile."""

from __future__ import annotations

import asyncio

_EVERY_SECONDS = 0.01
_SHORTEST_SECONDS = 0.03
"""Shorter ones are bridged by what is queued."""


class Stalls:
    """Watches the running loop.

    Attributes:
        seconds: How long it was held up, in all.
        longest_seconds: How long it was at most.
    """

    def __init__(self) -> None:
        self.seconds = self.longest_seconds = 0.0
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_EVERY_SECONDS)
            late = loop.time() - before - _EVERY_SECONDS
            self.longest_seconds = max(self.longest_seconds, late)
            if late > _SHORTEST_SECONDS:
                self.seconds += late

    async def aclose(self) -> None:
        self._watching.cancel()
        await asyncio.wait({self._watching})
