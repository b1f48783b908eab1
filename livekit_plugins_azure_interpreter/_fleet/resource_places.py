"""Places at several resources: taken for a connection to Azure, waited for in a line, and given back."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from livekit.agents import APIError

from ..credentials import Credentials
from ..log import logger
from .leases import Leases
from .resource_leases import ResourceLeases
from .resource_pool import ResourcePool, Seat
from .resource_refusals import no_place, refusal_of
from .resource_reports import ResourceChanged, ResourceState, ResourceUse

_LOOK_SECONDS = 0.5
"""A place that another process gives back is found within this time."""


@dataclass(frozen=True)
class PlaceableResource:
    """What is needed of a resource.

    Attributes:
        name: Names it, in the whole fleet.
        credentials: What to connect with.
        max_streams: How many connections it may have, from the whole fleet.
    """

    name: str
    credentials: Credentials
    max_streams: int


class Place:
    """A place at a resource, for one connection. Whoever takes it gives it back once with `release`.

    Attributes:
        credentials: What to connect with.
        has_alternative: Another resource could serve, too, so that this one need not be waited for.
        has_failed: The connection failed, or was refused.
    """

    def __init__(
        self, places: Places, seat: Seat, holder: str, credentials: Credentials, *, has_alternative: bool
    ) -> None:
        self._places = places
        self.seat, self.holder = seat, holder
        self.credentials = credentials
        self.has_alternative = has_alternative
        self.has_failed = False
        self._on_lost: Callable[[], None] = lambda: None

    @property
    def is_released(self) -> bool:
        """It was given back."""
        return self.seat.is_left

    def on_lost(self, lost: Callable[[], None]) -> None:
        """Call this if another process got the place, because this one did not renew its lease in time."""
        self._on_lost = lost

    def lost(self) -> None:
        """Another process has got the place."""
        if not self.is_released:
            self._on_lost()

    def served(self) -> None:
        """Azure serves the connection."""
        self._places.served(self)

    def failed(self) -> None:
        """The connection failed, or was refused."""
        self.has_failed = True

    def release(self) -> None:
        """The connection has closed. Only the first call counts."""
        self._places.release(self)


class Places:
    """The places of this process, for one use of the resources.

    Use it on one event loop at a time, or on several threads without `leases`.

    Args:
        resources: The resources, the nearest first.
        use: What the connections are for. Azure counts each use separately.
        leases: Those of the fleet; None: only this process uses the resources.
        share: While the leases cannot be reached: how many places of each resource this process may have.
        changed: Called when a resource rests or returns.
    """

    def __init__(
        self,
        resources: Sequence[PlaceableResource],
        *,
        use: ResourceUse,
        leases: Leases | None,
        share: int,
        changed: Callable[[ResourceChanged], None],
    ) -> None:
        self._resources = resources
        self._use: ResourceUse = use
        self._pool = ResourcePool([one.max_streams for one in resources])
        self._leases = None if leases is None else ResourceLeases(leases)
        self._share = share
        self._changed = changed
        self._lock = threading.Lock()
        self._name, self._numbers = uuid.uuid4().hex, count(1)
        self._rests_until = [0.0] * len(resources)  # in Unix seconds
        self._line: list[object] = []
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def credentials(self) -> Sequence[Credentials]:
        """Those of each resource, the nearest first."""
        return [one.credentials for one in self._resources]

    def nearest(self) -> int:
        """The index of the resource that the next connection will most likely get."""
        with self._lock:
            return next(iter(self._pool.choices(asyncio.get_running_loop().time(), resting_too=True)), 0)

    @property
    def states(self) -> tuple[ResourceState, ...]:
        """The state of each resource, the nearest first."""
        with self._lock:
            return tuple(
                ResourceState(
                    name=resource.name,
                    use=self._use,
                    open_streams=pooled.open_streams,
                    max_streams=resource.max_streams,
                    resting_until=None if pooled.resting_until is None else until,
                    refusals=dict(pooled.refusals),
                    moved_streams=pooled.moved_streams,
                )
                for resource, pooled, until in zip(
                    self._resources, self._pool.resources, self._rests_until, strict=True
                )
            )

    async def take(self, seconds: float | None) -> Place:
        """Take a place at the nearest resource that has one; those who came before take theirs first.

        Args:
            seconds: How long to wait for one; None: for as long as it takes.

        Raises:
            APIStatusError: All were taken for so long (429).
        """
        now = asyncio.get_running_loop().time
        ends_at = float("inf") if seconds is None else now() + seconds
        ticket = object()
        self._line.append(ticket)
        try:
            while True:
                if self._line[0] is ticket and (place := await self._take(resting_too=True)) is not None:
                    return place
                if (left := ends_at - now()) <= 0:
                    raise no_place()
                await self._until_changed(min(left, _LOOK_SECONDS))
        finally:
            self._line.remove(ticket)
            self._wake()

    async def take_instead(self, left: Sequence[Place], error: APIError) -> Place | None:
        """Take a place for a stream that failed with this error, at a resource that does not rest.

        Streams that were under way do not wait in the line.

        Args:
            left: The places that the stream had.
            error: Why it failed.

        Returns:
            None: there is no such place, or another resource would not help.
        """
        reason, failed = refusal_of(error), next((one for one in left if one.has_failed), None)
        if reason is None or failed is None:
            return None
        with self._lock:
            index = failed.seat.index
            rest_seconds = self._pool.refused(failed.seat, reason, asyncio.get_running_loop().time())
            is_first_rest = self._pool.resources[index].rests == 1
            if rest_seconds:
                self._rests_until[index] = time.time() + rest_seconds
        name = self._resources[index].name
        if rest_seconds:
            tell = logger.error if reason == "rejected" and is_first_rest else logger.warning
            tell("the Azure resource %s rests for %.0f s (%s): %s", name, rest_seconds, reason, error)
            self._changed(ResourceChanged(name, self._use, "resting", reason, rest_seconds))
        place = await self._take(resting_too=False)
        if place is not None:
            self._pool.moved(failed.seat)
            logger.info("a stream moves from the Azure resource %s to another one: %s", name, reason)
        return place

    def served(self, place: Place) -> None:
        """Azure serves the connection of a place."""
        with self._lock:
            has_returned = self._pool.served(place.seat)
        if has_returned:
            name = self._resources[place.seat.index].name
            logger.info("the Azure resource %s serves again", name)
            self._changed(ResourceChanged(name, self._use, "returned"))
            self._wake()

    def release(self, place: Place) -> None:
        """Give a place back."""
        with self._lock:
            is_first = self._pool.leave(place.seat)
        if is_first:
            if self._leases is not None:
                self._leases.release(place.holder)
            self._wake()

    async def settled(self) -> None:
        """Wait until other processes can have what was given back."""
        if self._leases is not None:
            await self._leases.settled()

    async def _take(self, *, resting_too: bool) -> Place | None:
        tried: set[int] = set()
        while (place := self._seat(tried, resting_too=resting_too)) is not None:
            is_granted = False
            try:
                is_granted = await self._is_granted(place)
            finally:
                if not is_granted:
                    self.release(place)
            if is_granted:
                return place
            tried.add(place.seat.index)
        return None

    def _seat(self, tried: set[int], *, resting_too: bool) -> Place | None:
        """Take a place as far as this process knows, so that nobody else in it takes the same."""
        share = self._share if self._leases is not None and self._leases.is_away else None
        with self._lock:
            now = asyncio.get_running_loop().time()
            choices = self._pool.choices(now, share=share, resting_too=resting_too)
            index = next((one for one in choices if one not in tried), None)
            if index is None:
                return None
            seat = self._pool.take(index)
            others = [one for one in self._pool.choices(now, share=share) if one != index]
        return Place(
            self,
            seat,
            f"{self._name}-{next(self._numbers)}",
            self._resources[index].credentials,
            has_alternative=bool(others),
        )

    async def _is_granted(self, place: Place) -> bool:
        """Whether the fleet has this place, too."""
        if self._leases is None:
            return True
        index = place.seat.index
        name, most = f"{self._use}:{self._resources[index].name}", self._resources[index].max_streams
        granted = await self._leases.take(name, place.holder, most=most, lost=place.lost)
        if granted is not None:
            return granted
        if self._pool.resources[index].open_streams > self._share:
            return False
        self._leases.register_later(name, place.holder, most=most, lost=place.lost)
        return True

    async def _until_changed(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        change: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _settle, change)
        self._waiting.add(change)
        try:
            await change
        finally:
            timer.cancel()
            self._waiting.discard(change)

    def _wake(self) -> None:
        for change in tuple(self._waiting):
            with contextlib.suppress(RuntimeError):  # its loop has ended
                change.get_loop().call_soon_threadsafe(_settle, change)


def _settle(change: asyncio.Future[None]) -> None:
    if not change.done():
        change.set_result(None)
