"""Leases in memory, which can be away."""

from __future__ import annotations

import asyncio

from livekit_plugins_azure_interpreter._fleet.leases import LeasesError


class FakeLeases:
    """Those of a fleet.

    Attributes:
        held: The holders of each name, and until when.
        is_away: They cannot be reached.
        hangs: They do not answer.
        asked: How often a lease was asked for.
    """

    def __init__(self) -> None:
        self.held: dict[str, dict[str, float]] = {}
        self.is_away = self.hangs = False
        self.asked = 0

    async def take(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        self.asked += 1
        await self._answer()
        now = asyncio.get_running_loop().time()
        holders = {one: ends_at for one, ends_at in self.held.get(name, {}).items() if ends_at > now}
        self.held[name] = holders
        if holder not in holders and len(holders) >= most:
            return False
        holders[holder] = now + seconds
        return True

    async def release(self, name: str, holder: str) -> None:
        await self._answer()
        self.held.get(name, {}).pop(holder, None)

    async def _answer(self) -> None:
        if self.hangs:
            await asyncio.sleep(1e9)
        await asyncio.sleep(0)
        if self.is_away:
            raise LeasesError("away")
