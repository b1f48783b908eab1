"""Azure: resources with a quota, which can refuse and be away."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from livekit.agents import APIConnectionError, APIStatusError

from .processes import Process, running

_CONNECT_SECONDS = 0.15
_SILENT_SECONDS = 20.0
"""A client that sends nothing for so long loses its connection."""
PRICES = (1.0, 1.01, 1.02)
"""Of an hour of a stream, at each of the three resources of a region."""
_DISTANCES = {
    ("westeurope", "eastus"): 0.12,
    ("westeurope", "westus2"): 0.2,
    ("westeurope", "southeastasia"): 0.25,
    ("eastus", "westus2"): 0.1,
    ("eastus", "southeastasia"): 0.28,
    ("westus2", "southeastasia"): 0.22,
}
"""What a stream costs more in an hour, by the way that its audio goes: its delay, and what networks ask."""


def distance(here: str, there: str) -> float:
    return 0.0 if here == there else _DISTANCES.get((here, there), _DISTANCES.get((there, here), 0.0))


@dataclass(eq=False)
class FakeResource:
    """One resource.

    Attributes:
        refuses: New connections get "quota exceeded".
        is_away: It cannot be reached, and has lost its connections.
    """

    name: str
    region: str
    price: float
    max_streams: int
    refuses: bool = False
    is_away: bool = False
    open: set[Connection] = field(default_factory=set)

    def cost(self, region: str) -> float:
        """Of an hour of a stream from this region."""
        return self.price + distance(region, self.region)


class Usage(NamedTuple):
    """A change of how many streams of a region a resource has."""

    at: float
    region: str
    resource: str
    change: int


class Connection:
    """One connection, of one process.

    Attributes:
        lost: Done when it is closed, by whomever.
    """

    def __init__(self, azure: FakeAzure, resource: FakeResource, process: Process, region: str) -> None:
        self.resource, self.process, self.region = resource, process, region
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._azure = azure
        self._silent: asyncio.TimerHandle | None = None
        process.ended.append(self.close)  # its kernel says so at once
        process.frozen.append(self._froze)
        process.thawed.append(self._thawed)

    def close(self) -> None:
        if self.lost.done():
            return
        self.lost.set_result(None)
        self._thawed()
        self.process.ended.remove(self.close)
        self.process.frozen.remove(self._froze)
        self.process.thawed.remove(self._thawed)
        self._azure.closed(self)

    def _froze(self) -> None:
        self._silent = asyncio.get_running_loop().call_later(_SILENT_SECONDS, self.close)

    def _thawed(self) -> None:
        if self._silent is not None:
            self._silent.cancel()
            self._silent = None


class FakeAzure:
    """All resources.

    Attributes:
        usage: Each change of how many streams are open.
        over_quota: Called with a resource without a free place, and the process that asks for one.
        opened: Called with a new connection.
        refusals: How many connections were refused, by the reason.
    """

    def __init__(self, resources: list[FakeResource], dice: random.Random) -> None:
        self.resources = resources
        self.usage: list[Usage] = []
        self.over_quota: Callable[[FakeResource, Process], None] = lambda resource, process: None
        self.opened: Callable[[Connection], None] = lambda connection: None
        self.refusals: Counter[str] = Counter()
        self._dice = dice

    async def connect(self, resource: FakeResource, process: Process, region: str) -> Connection:
        await running()
        await asyncio.sleep(_CONNECT_SECONDS + distance(region, resource.region))
        await running()
        if resource.is_away:
            self.refusals["away"] += 1
            raise APIConnectionError("it cannot be reached", retryable=True)
        if len(resource.open) >= resource.max_streams:
            self.over_quota(resource, process)
            self.refusals["over quota"] += 1
            raise APIStatusError("Quota exceeded", status_code=429)
        if resource.refuses:
            self.refusals["quota"] += 1
            raise APIStatusError("Quota exceeded", status_code=429)
        connection = Connection(self, resource, process, region)
        resource.open.add(connection)
        self.usage.append(Usage(_now(), region, resource.name, 1))
        self.opened(connection)
        return connection

    def closed(self, connection: Connection) -> None:
        connection.resource.open.discard(connection)
        self.usage.append(Usage(_now(), connection.region, connection.resource.name, -1))

    def go_away(self, resource: FakeResource) -> None:
        resource.is_away = True
        for connection in tuple(resource.open):
            connection.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
