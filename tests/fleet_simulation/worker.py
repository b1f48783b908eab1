"""A worker: the real watch in its process, and its jobs."""

from __future__ import annotations

import asyncio
import random
from types import SimpleNamespace

from livekit_plugins_azure_interpreter import MeetingWatch
from livekit_plugins_azure_interpreter._fleet.dispatcher import Dispatcher
from livekit_plugins_azure_interpreter._fleet.fleet import FleetError
from livekit_plugins_azure_interpreter._fleet.leases import Leases
from livekit_plugins_azure_interpreter._fleet.rounds import Rounds
from livekit_plugins_azure_interpreter._fleet.watch import Vigil, Wanted

from .job import Fleet, MeetingJob
from .livekit import FakeLiveKit
from .processes import WORLD, Process, begin_in_world

_LOOK_SECONDS = 2.0
_SEES_JOBS_SECONDS = 0.25
"""`MeetingWatch` looks at the jobs of its worker so often."""
_DROP_SECONDS = 30.0
"""LiveKit drops a worker that gives no sign of life for so long."""
WANTED = Wanted(frozenset({"language"}))
"""Each person of the simulation has this attribute."""


class Quiet:
    """Whether a look could change anything at one server: a room is alone, or an interpreter does not live.

    Days of looks at rooms that are all served would take hours to simulate. While all is well, looks wait.
    """

    def __init__(self) -> None:
        self.is_over = asyncio.Event()
        self.ends_again_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def noise(self, *, lasts: bool) -> None:
        """Something is to be looked at now. If it does not last, some more looks see that it is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if lasts:
            self.is_over.set()
        elif self.is_over.is_set():
            self._timer = asyncio.get_running_loop().call_later(
                4 * _LOOK_SECONDS, self.is_over.clear, context=WORLD
            )


class _Looks:
    """The rounds of a watch, without the looks that see nothing."""

    def __init__(self, rounds: Rounds, quiet: Quiet, dice: random.Random) -> None:
        self._rounds, self._quiet, self._dice = rounds, quiet, dice

    async def look(self) -> None:
        if not self._quiet.is_over.is_set():
            await self._quiet.is_over.wait()
            await asyncio.sleep(self._dice.uniform(0, _LOOK_SECONDS))
        await self._rounds.look()

    @property
    def seconds_until_next(self) -> float:
        return self._rounds.seconds_until_next


class Worker:
    """One worker, with places for some meetings.

    Args:
        leases: Those of the watch.
        most_rooms: As in `MeetingWatch`; None: it does not watch.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        livekit: FakeLiveKit,
        quiet: Quiet,
        *,
        leases: Leases | None,
        most_jobs: int,
        most_rooms: int | None,
    ) -> None:
        self.process = Process(name)
        self.livekit = livekit
        self.jobs: dict[MeetingJob, None] = {}  # in their order
        self.is_draining = False
        self._fleet, self._most_jobs = fleet, most_jobs
        self._rounds: Rounds | None = None
        livekit.register(self)
        self.process.ended.append(lambda: livekit.unregister(self))
        self.process.frozen.append(self._drop_later)
        self.process.thawed.append(self._register_again)
        if most_rooms is not None:
            now = asyncio.get_running_loop().time
            dispatcher = Dispatcher(livekit, agent_name="", wanted=WANTED, leases=leases, now=now)
            order = random.Random(name)
            self._watch = MeetingWatch(most_rooms=most_rooms, leases=leases)
            vigil = Vigil(alone_seconds=self._watch._alone_seconds, most_rooms=most_rooms, order=order)
            self._rounds = Rounds(livekit, dispatcher, vigil, now=now)
            looks = _Looks(self._rounds, quiet, order)
            self.process.begin(self._watch._look(looks, order))  # type: ignore[arg-type]

    @property
    def free(self) -> int:
        return self._most_jobs - len(self.jobs)

    @property
    def active_jobs(self) -> list[SimpleNamespace]:
        """As those of LiveKit's worker."""
        return [
            SimpleNamespace(
                job=SimpleNamespace(id=one.id, room=SimpleNamespace(name=one.room)),
                accept_arguments=SimpleNamespace(identity=one.identity),
            )
            for one in self.jobs
        ]

    def accept(self, room: str) -> MeetingJob:
        job = MeetingJob(self._fleet, self.livekit, room, self._job_ended)
        self.jobs[job] = None
        begin_in_world(job.main())
        return job

    def freeze(self) -> None:
        self.process.freeze()
        for job in tuple(self.jobs):
            job.process.freeze()

    def thaw(self) -> None:
        self.process.thaw()
        for job in tuple(self.jobs):
            job.process.thaw()

    async def kill(self) -> None:
        await self.process.end()
        await asyncio.gather(*(job.process.end() for job in tuple(self.jobs)))

    async def drain(self, seconds: float) -> None:
        """Take no more jobs; those that are left after some time end, and then the worker."""
        self.is_draining = True
        ends_at = asyncio.get_running_loop().time() + seconds
        while self.jobs and asyncio.get_running_loop().time() < ends_at:  # noqa: ASYNC110
            await asyncio.sleep(1.0)
        for job in tuple(self.jobs):
            job.shut_down()
        while self.jobs and asyncio.get_running_loop().time() < ends_at + 15.0:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        await self.kill()

    def _job_ended(self, job: MeetingJob) -> None:
        self.jobs.pop(job, None)
        if self._rounds is not None and not self.process.is_dead:
            self.process.tell(lambda: asyncio.create_task(self._mind(job)))

    async def _mind(self, job: MeetingJob) -> None:
        """What `MeetingWatch` does when it sees that a job of its worker is gone."""
        assert self._rounds is not None
        await asyncio.sleep(self._fleet.dice.uniform(0, _SEES_JOBS_SECONDS))
        try:
            await self._rounds.lost(job.room, job.identity)
        except FleetError:
            return

    def _drop_later(self) -> None:
        def drop() -> None:
            if not self.process.runs:
                self.livekit.unregister(self)

        asyncio.get_running_loop().call_later(_DROP_SECONDS, drop)

    def _register_again(self) -> None:
        if self not in self.livekit.hosts:
            self.livekit.register(self)
