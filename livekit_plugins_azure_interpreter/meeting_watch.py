"""Sees to it that no meeting is without its interpreter."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Collection

from livekit.agents import AgentServer, utils

from ._fleet.dispatcher import Dispatcher
from ._fleet.fleet import FleetError
from ._fleet.leases import Leases
from ._fleet.livekit_fleet import LiveKitFleet
from ._fleet.rounds import Rounds
from ._fleet.watch import Vigil, Wanted
from ._options.numbers import check_number
from .log import logger

_JOBS_SECONDS = 0.25
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 2.0
_JITTER = 0.1


class MeetingWatch:
    """Brings an interpreter to each meeting that has lost it, within seconds. ::

        server = AgentServer(...)
        MeetingWatch().attach(server)

    LiveKit does not start a job again whose process or machine has died. Each worker that has this line looks
    at the rooms of the LiveKit server, every second or two: where somebody wants a language, and no
    interpreter answers for `alone_seconds`, it asks LiveKit for one. An interpreter that no longer answers is
    taken out of the room, so that it cannot speak when it comes back. A job of the worker's own that ends
    while its meeting goes on is replaced at once.

    It keeps nothing: what it must know is in the LiveKit server, so any worker may die. Several workers
    bring one interpreter to a room. If two come, one `MeetingInterpreter` gives way.

    A look costs LiveKit 1 request, and 1 for each room it looks at. While LiveKit does not answer, it
    tries again, less often; the worker goes on.

    Args:
        agent_name: The name of the agent, as in `rtc_session(agent_name=...)`.
        attributes: Somebody with one of these attributes wants an interpreter.
        everybody: Everybody wants one, whatever their attributes: for a meeting with `default_language` or
            `language_of`, or an interpreter for one language.
        alone_seconds: How long no interpreter answers before another one is asked for. An interpreter whose
            machine is too busy to answer for so long is replaced, too; not one that stands still for less.
        most_rooms: How many rooms this worker looks at in one look. If there are more, it takes them in turn.
            Each worker has its own order, so together they still see each room within seconds. A good number
            is twice the rooms of one worker, or more.
        leases: Prevents that two workers ask for an interpreter at the same moment, e.g. `RedisLeases`. They
            hardly ever do.

    Raises:
        ValueError: `alone_seconds` or `most_rooms` is not positive, or nobody can want an interpreter.
    """

    def __init__(
        self,
        *,
        agent_name: str = "",
        attributes: Collection[str] = ("language", "read_language", "between"),
        everybody: bool = False,
        alone_seconds: float = 2.0,
        most_rooms: int = 100,
        leases: Leases | None = None,
    ) -> None:
        check_number("alone_seconds", alone_seconds, above=0)
        check_number("most_rooms", most_rooms, least=1, whole=True)
        if not attributes and not everybody:
            raise ValueError(
                "attributes is empty, so nobody wants an interpreter: name one, or set everybody"
            )
        self._agent_name = agent_name
        self._wanted = Wanted(frozenset(attributes), everybody)
        self._alone_seconds, self._most_rooms = alone_seconds, most_rooms
        self._leases = leases
        self._watching: asyncio.Task[None] | None = None
        self._is_away = False

    def attach(self, server: AgentServer) -> None:
        """Watch in the worker's main process, from its start to its end; jobs do not watch.

        Args:
            server: The worker. Its LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are used.
        """

        def start() -> None:
            self._watching = asyncio.create_task(self._watch(server))

        server.on("worker_started", start)

    @utils.log_exceptions(logger=logger)
    async def _watch(self, server: AgentServer) -> None:
        order = random.Random()
        url, key, secret = (os.environ[f"LIVEKIT_{name}"] for name in ("URL", "API_KEY", "API_SECRET"))
        async with LiveKitFleet.open(url, key, secret, agent_name=self._agent_name) as fleet:
            dispatcher = Dispatcher(
                fleet, agent_name=self._agent_name, wanted=self._wanted, leases=self._leases
            )
            vigil = Vigil(alone_seconds=self._alone_seconds, most_rooms=self._most_rooms, order=order)
            rounds = Rounds(fleet, dispatcher, vigil)
            await asyncio.gather(self._look(rounds, order), self._mind_jobs(rounds, server))

    async def _look(self, rounds: Rounds, order: random.Random) -> None:
        """Look at the rooms of all workers."""
        pause, failures = rounds.seconds_until_next, 0
        while True:
            # Two workers that start together do not look together.
            await asyncio.sleep(pause * (1 + _JITTER * order.uniform(0, 1)))
            try:
                await rounds.look()
            except FleetError as error:
                self._failed(error)
                pause = min(_FIRST_PAUSE_SECONDS * 2.0**failures, _LONGEST_PAUSE_SECONDS)
                failures += 1
            else:
                pause, failures = rounds.seconds_until_next, 0
                self._succeeded()

    async def _mind_jobs(self, rounds: Rounds, server: AgentServer) -> None:
        """Look after the jobs of this worker, whose end it sees at once."""
        jobs: dict[str, tuple[str, str]] = {}
        while True:
            await asyncio.sleep(_JOBS_SECONDS)
            before = jobs
            jobs = {
                one.job.id: (one.job.room.name, one.accept_arguments.identity) for one in server.active_jobs
            }
            for gone in before.keys() - jobs.keys():
                try:
                    await rounds.lost(*before[gone])
                except FleetError as error:
                    self._failed(error)

    def _failed(self, error: FleetError) -> None:
        if not self._is_away:
            self._is_away = True
            logger.warning(
                "LiveKit's server does not say which meetings have an interpreter; tried again: %s", error
            )

    def _succeeded(self) -> None:
        if self._is_away:
            self._is_away = False
            logger.info("LiveKit's server says again which meetings have an interpreter")
