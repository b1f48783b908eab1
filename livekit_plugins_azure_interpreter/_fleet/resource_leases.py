"""The leases of the places that this process holds: taken, renewed, and given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ..log import logger
from .leases import Leases, LeasesError, answer_of

LEASE_SECONDS = 30.0
_RENEWALS = 3
"""How often a lease is renewed within its time."""
_AWAY_SECONDS = 1.0
"""Leases that cannot be reached are asked for again after this time."""
_WHATEVER = 1_000_000_000
"""A place that is in use is to be counted, also where there are more than there may be."""


@dataclass(eq=False)
class _Lease:
    """A place of this process, as other processes are to see it.

    Attributes:
        is_registered: The leases have it; not while they could not be reached.
    """

    name: str
    most: int
    lost: Callable[[], None]
    is_registered: bool


class ResourceLeases:
    """Holds a lease for each place, for as long as the place is held.

    Args:
        leases: Those of the fleet.
    """

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._held: dict[str, _Lease] = {}
        self._ask_again_at: float | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._going_away: asyncio.Future[None] | None = None
        self._releasing: set[asyncio.Task[None]] = set()

    @property
    def is_away(self) -> bool:
        """The leases could not be reached when they were asked last, and it is too soon to ask again."""
        return self._ask_again_at is not None and asyncio.get_running_loop().time() < self._ask_again_at

    async def take(self, name: str, holder: str, *, most: int, lost: Callable[[], None]) -> bool | None:
        """Take a lease, which is renewed until `release`.

        Args:
            name: What is leased.
            holder: The place.
            most: How many holders there may be in the fleet.
            lost: Called if somebody else got it, because it could not be renewed in time.

        Returns:
            None: the leases cannot be reached.
        """
        if self.is_away:
            return None
        try:
            granted = await self._ask(name, holder, most)
        except asyncio.CancelledError:
            self._release_soon(name, holder)
            raise
        if granted:
            self._hold(holder, _Lease(name, most, lost, is_registered=True))
        return granted

    def register_later(self, name: str, holder: str, *, most: int, lost: Callable[[], None]) -> None:
        """Take the lease of a place once the leases can be reached, even if there are more than `most` then.

        The place is in use: uncounted, others would take one that there is not.
        """
        self._hold(holder, _Lease(name, most, lost, is_registered=False))

    def release(self, holder: str) -> None:
        """Give it back, in the background: if that fails, the lease ends by itself."""
        if (lease := self._held.pop(holder, None)) is not None:
            self._release_soon(lease.name, holder)
        if not self._held and self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None

    async def settled(self) -> None:
        """Wait until all that was given back is free for others."""
        while self._releasing:
            await asyncio.wait(self._releasing)

    def _hold(self, holder: str, lease: _Lease) -> None:
        self._held[holder] = lease
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            await self._until_due()
            for holder, lease in list(self._held.items()):
                most = lease.most if lease.is_registered else _WHATEVER
                granted = await self._ask(lease.name, holder, most)
                if granted is None:
                    break
                if holder not in self._held:
                    self._release_soon(lease.name, holder)  # it was given back meanwhile
                elif granted:
                    lease.is_registered = True
                elif lease.is_registered:
                    lease.is_registered = False
                    lease.lost()

    async def _until_due(self) -> None:
        """Wait until leases are to be renewed, or, once they could not be reached, to be asked for again."""
        loop = asyncio.get_running_loop()
        if self._ask_again_at is None:
            self._going_away = loop.create_future()
            await asyncio.wait({self._going_away}, timeout=LEASE_SECONDS / _RENEWALS)
        if self._ask_again_at is not None:
            await asyncio.sleep(self._ask_again_at - loop.time())

    async def _ask(self, name: str, holder: str, most: int) -> bool | None:
        try:
            granted = await answer_of(self._leases.take(name, holder, most=most, seconds=LEASE_SECONDS))
        except LeasesError as error:
            self._went_away(error)
            return None
        self._came_back()
        return granted

    def _went_away(self, error: LeasesError) -> None:
        if self._ask_again_at is None:
            logger.warning(
                "the leases of Azure's resources cannot be reached: this process keeps to its share (%s)",
                error,
            )
        self._ask_again_at = asyncio.get_running_loop().time() + _AWAY_SECONDS
        if self._going_away is not None and not self._going_away.done():
            self._going_away.set_result(None)

    def _came_back(self) -> None:
        if self._ask_again_at is not None:
            logger.info("the leases of Azure's resources can be reached again")
        self._ask_again_at = None

    def _release_soon(self, name: str, holder: str) -> None:
        releasing = asyncio.create_task(self._release(name, holder))
        self._releasing.add(releasing)
        releasing.add_done_callback(self._releasing.discard)

    async def _release(self, name: str, holder: str) -> None:
        try:
            await answer_of(self._leases.release(name, holder))
        except LeasesError as error:
            self._went_away(error)
