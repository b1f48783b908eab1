"""Makes things fail as the script says."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .azure import FakeAzure
from .job import MeetingJob
from .livekit import FakeLiveKit
from .processes import begin_in_world
from .redis import FakeRedis
from .script import Fault, FaultKind
from .worker import Worker

RESTART_SECONDS = 30.0
"""An orchestrator has another worker so long after one has died."""

T = TypeVar("T")


@dataclass(frozen=True)
class Faults:
    """What can fail, and how.

    Attributes:
        workers: Those of each region.
        start_worker: Starts another one there.
        happened: How many of each kind have happened: not all find something that can fail.
    """

    azure: FakeAzure
    redis: FakeRedis
    livekits: dict[str, FakeLiveKit]
    workers: dict[str, list[Worker]]
    start_worker: Callable[[str], None]
    happened: Counter[FaultKind] = field(default_factory=Counter)

    async def bring(self, fault: Fault) -> None:
        await asyncio.sleep(max(0.0, fault.at - asyncio.get_running_loop().time()))
        kinds: dict[FaultKind, Callable[[Fault], Awaitable[bool]]] = {
            "job killed": self._kill_job,
            "job frozen": self._freeze_job,
            "worker killed": self._kill_worker,
            "worker frozen": self._freeze_worker,
            "worker drained": self._drain_worker,
            "resource refuses": self._refuse,
            "resource away": self._resource_away,
            "Redis away": self._redis_away,
            "Redis replaced": self._redis_away,
            "LiveKit restarted": self._restart_livekit,
        }
        if await kinds[fault.kind](fault):
            self.happened[fault.kind] += 1

    async def _kill_job(self, fault: Fault) -> bool:
        job = _choose(self._jobs(fault.region), fault)
        if job is not None:
            await job.process.end()
        return job is not None

    async def _freeze_job(self, fault: Fault) -> bool:
        job = _choose(self._jobs(fault.region), fault)
        if job is not None:
            job.process.freeze()
            await asyncio.sleep(fault.seconds)
            job.process.thaw()
        return job is not None

    async def _kill_worker(self, fault: Fault) -> bool:
        worker = _choose(self._workers(fault.region), fault)
        if worker is not None:
            self.workers[fault.region].remove(worker)
            begin_in_world(self._replace_worker(fault.region))
            await worker.kill()
        return worker is not None

    async def _freeze_worker(self, fault: Fault) -> bool:
        worker = _choose(self._workers(fault.region), fault)
        if worker is not None:
            worker.freeze()
            await asyncio.sleep(fault.seconds)
            worker.thaw()
        return worker is not None

    async def _drain_worker(self, fault: Fault) -> bool:
        """An orchestrator starts the new one first."""
        worker = _choose(self._workers(fault.region), fault)
        if worker is not None:
            self.workers[fault.region].remove(worker)
            self.start_worker(fault.region)
            await worker.drain(fault.seconds)
        return worker is not None

    async def _refuse(self, fault: Fault) -> bool:
        resource = _choose([one for one in self.azure.resources if not one.refuses], fault)
        if resource is not None:
            resource.refuses = True
            await asyncio.sleep(fault.seconds)
            resource.refuses = False
        return resource is not None

    async def _resource_away(self, fault: Fault) -> bool:
        resource = _choose([one for one in self.azure.resources if not one.is_away], fault)
        if resource is not None:
            self.azure.go_away(resource)
            await asyncio.sleep(fault.seconds)
            resource.is_away = False
        return resource is not None

    async def _redis_away(self, fault: Fault) -> bool:
        if self.redis.is_away:
            return False
        self.redis.go_away()
        await asyncio.sleep(fault.seconds)
        self.redis.come_back(is_empty=fault.kind == "Redis replaced")
        return True

    async def _restart_livekit(self, fault: Fault) -> bool:
        livekit = self.livekits[fault.region]
        if livekit.is_away:
            return False
        await livekit.restart(fault.seconds)
        return True

    async def _replace_worker(self, region: str) -> None:
        await asyncio.sleep(RESTART_SECONDS)
        self.start_worker(region)

    def _workers(self, region: str) -> list[Worker]:
        """Those that run; one is left."""
        running = [one for one in self.workers[region] if one.process.runs]
        return running if len(running) > 1 else []

    def _jobs(self, region: str) -> list[MeetingJob]:
        jobs = (job for worker in self._workers(region) for job in worker.jobs)
        return [job for job in jobs if job.process.runs]


def _choose(things: Sequence[T], fault: Fault) -> T | None:
    return things[int(fault.choice * len(things))] if things else None
