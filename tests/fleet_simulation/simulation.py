"""Runs one day, and tells what happened."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from unittest import mock

from fakes.clock import run

from livekit_plugins_azure_interpreter.record import Entry

from .azure import PRICES, Connection, FakeAzure, FakeResource, Usage
from .checks import Alone, Checks
from .faults import RESTART_SECONDS, Faults
from .job import Fleet, Said
from .livekit import FakeLiveKit
from .people import Conversation
from .processes import FleetLoop, Process, begin_in_world
from .redis import FakeRedis
from .room import Room
from .script import REGIONS, FaultKind, MeetingScript, Script
from .worker import Quiet, Worker

_FIRST_SECONDS = 60.0
"""The fleet is up so long before the first meeting."""


CHECKS = frozenset({"alone", "quota", "record"})


@dataclass(frozen=True)
class Setup:
    """A fleet; the last ones break it, for tests of the checks.

    Attributes:
        workers: How many, in all regions together.
        most_jobs: How many meetings a worker takes.
        most_rooms: As in `MeetingWatch`.
        max_streams: Of each of the 12 resources.
        share: As in `SpeechResources`.
        keeps_to_share: Jobs have this share; otherwise any.
        watches: There are watches.
        counts_over_fleet: Places are leased.
        gives_way: Of two interpreters, one gives way.
        prefers_near: Resources are in the order of their cost; otherwise in any.
        forgets: The record confirms an entry in a thousand that it does not keep.
        always_looks: Watches look also while nothing can be seen.
    """

    workers: int = 40
    most_jobs: int = 14
    most_rooms: int = 28
    max_streams: int = 60
    share: int = 5
    keeps_to_share: bool = True
    watches: bool = True
    counts_over_fleet: bool = True
    gives_way: bool = True
    prefers_near: bool = True
    forgets: bool = False
    always_looks: bool = False


@dataclass
class Outcome:
    """What has happened in a day.

    Attributes:
        faults: How many of each kind happened.
        utterances: How many were to be interpreted.
        utterances_lost: How many of them are not in the record.
        utterances_twice: How many of them are in it more than once.
        excused: How often a resource was asked for more than it has, while Redis did not know all leases.
        entries_lost: Those that a keeper gave up.
    """

    script: Script
    resources: Sequence[FakeResource]
    problems: dict[str, list[str]] = field(default_factory=dict)
    faults: Counter[FaultKind] = field(default_factory=Counter)
    alone: list[Alone] = field(default_factory=list)
    utterances: int = 0
    utterances_lost: int = 0
    utterances_twice: int = 0
    entries: int = 0
    entries_lost: int = 0
    excused: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    usage: list[Usage] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    cpu_seconds: float = 0.0


def simulate(script: Script, setup: Setup = Setup()) -> Outcome:
    """Run a day."""
    began_at, loop = time.process_time(), FleetLoop()
    loop.begin_at(script.starts_at - _FIRST_SECONDS)
    errors: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    asyncio.set_event_loop(loop)
    with mock.patch("time.time", loop.time):
        outcome = run(loop, _Day(script, setup, loop).run())
    outcome.cpu_seconds = time.process_time() - began_at
    for error in errors:
        outcome.problems.setdefault("error", []).append(f"{error.get('message')}: {error.get('exception')!r}")
    return outcome


class _Day:
    def __init__(self, script: Script, setup: Setup, loop: FleetLoop) -> None:
        self._script, self._setup, self._loop = script, setup, loop
        dice = self._dice = random.Random(script.seed)
        self._checks = Checks(loop.time)
        self._resources = [
            FakeResource(f"{region}-{at}", region, price, setup.max_streams)
            for region in REGIONS
            for at, price in enumerate(PRICES)
        ]
        self._outcome = Outcome(script, self._resources)
        self._redis = FakeRedis(dice)
        if setup.forgets:
            self._redis.forgets = lambda: dice.random() < 0.001
        self._azure = FakeAzure(self._resources, dice)
        self._azure.over_quota, self._azure.opened = self._over_quota, self._opened
        self._held_before: Counter[tuple[str, str]] = Counter()
        self._fleet = Fleet(
            self._azure,
            self._redis if setup.counts_over_fleet else None,
            self._redis,
            dice,
            setup.share if setup.keeps_to_share else setup.max_streams,
            setup.gives_way,
            self._order,
            self._entry_told,
            self._job_ended,
        )
        self._livekits = {region: FakeLiveKit(region, dice) for region in REGIONS}
        self._quiet = {region: Quiet() for region in REGIONS}
        self._workers: dict[str, list[Worker]] = {region: [] for region in REGIONS}
        self._faults = Faults(self._azure, self._redis, self._livekits, self._workers, self._start_worker)
        self._redis.went_away = self._note_what_is_held
        self._numbers = count(1)

    async def run(self) -> Outcome:
        for region, livekit in self._livekits.items():
            livekit.watched = partial(self._room_changed, region)
            for _ in range(self._setup.workers // len(REGIONS)):
                self._start_worker(region)
        meetings = [begin_in_world(self._meeting(one)) for one in self._script.meetings]
        faults = [begin_in_world(self._faults.bring(one)) for one in self._script.faults]
        await asyncio.gather(*meetings, *faults)
        await asyncio.sleep(3 * RESTART_SECONDS)
        for worker in [one for workers in self._workers.values() for one in workers]:
            await worker.kill()
        for quiet in self._quiet.values():
            quiet.noise(lasts=False)
        await asyncio.sleep(3 * RESTART_SECONDS)
        return self._result()

    def _result(self) -> Outcome:
        outcome, checks = self._outcome, self._checks
        checks.ended()
        outcome.utterances_lost, outcome.utterances_twice = checks.utterances_ended(outcome.utterances)
        outcome.problems, outcome.alone = dict(checks.problems), checks.alone
        outcome.refusals, outcome.usage = self._azure.refusals, self._azure.usage
        outcome.faults = self._faults.happened
        outcome.operations = self._redis.operations
        for livekit in self._livekits.values():
            outcome.requests.update(livekit.requests)
        return outcome

    # Meetings

    async def _meeting(self, meeting: MeetingScript) -> None:
        livekit = self._livekits[meeting.region]
        await Conversation(meeting, livekit, partial(self._said, livekit)).play()
        await asyncio.sleep(2 * RESTART_SECONDS)  # until its interpreter has left, and its record is written
        while self._redis.is_away:  # noqa: ASYNC110
            await asyncio.sleep(2 * RESTART_SECONDS)
        self._checks.meeting_ended(meeting.room, self._redis)

    def _said(self, livekit: FakeLiveKit, room: str, said: Said) -> None:
        self._outcome.utterances += 1
        if (there := livekit.rooms_by_name.get(room)) is not None:
            for agent in there.agents.values():
                agent.hear(said)

    def _room_changed(self, region: str, room: Room | None) -> None:
        livekit, quiet = self._livekits[region], self._quiet[region]
        for one in list(self._checks.rooms_alone(region)) if room is None else [room]:
            is_there = livekit.rooms_by_name.get(one.name) is one
            self._checks.room_changed(region, one, is_there=is_there)
        is_noisy = livekit.is_away or self._setup.always_looks or bool(self._checks.rooms_alone(region))
        quiet.noise(lasts=is_noisy)

    def _start_worker(self, region: str) -> None:
        setup = self._setup
        worker = Worker(
            f"worker-{next(self._numbers)}",
            self._fleet,
            self._livekits[region],
            self._quiet[region],
            leases=self._redis,
            most_jobs=setup.most_jobs,
            most_rooms=setup.most_rooms if setup.watches else None,
        )
        self._workers[region].append(worker)

    def _job_ended(self, entries_lost: int) -> None:
        self._outcome.jobs += 1
        self._outcome.entries_lost += entries_lost

    # Azure and Redis

    def _order(self, region: str) -> Sequence[FakeResource]:
        if self._setup.prefers_near:
            return sorted(self._resources, key=lambda one: one.cost(region))
        return self._dice.sample(self._resources, k=len(self._resources))

    def _over_quota(self, resource: FakeResource, process: Process) -> None:
        is_excused = self._redis.is_away or self._loop.time() < self._redis.unsure_until
        self._outcome.excused += is_excused
        self._checks.over_quota(resource.name, process.name, is_excused=is_excused)

    def _opened(self, connection: Connection) -> None:
        if self._redis.is_away:
            key = connection.process.name, connection.resource.name
            streams = sum(one.process is connection.process for one in connection.resource.open)
            if streams > max(self._setup.share, self._held_before[key]):
                self._checks.over_share(connection.resource.name, connection.process.name, streams)

    def _entry_told(self, room: str, entry: Entry) -> None:
        self._outcome.entries += 1
        self._checks.entry_told(room, entry)

    def _note_what_is_held(self) -> None:
        self._held_before = Counter(
            (one.process.name, resource.name) for resource in self._resources for one in resource.open
        )
