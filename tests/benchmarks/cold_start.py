"""(i) What a process needs before it interprets: its imports, and a job from dispatch to its first word.

For the jobs, somebody already speaks in a room of a real LiveKit server when the interpreter is sent for. Two
workers take jobs in turn: one has an idle process, the other starts one for each job.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fakes.worker_process import WorkerProcess
from livekit import api
from room.participant import RATE_HZ, Participant
from room.server import MISSING, OwnServer, Server, find_server
from room.stalls import Stalls

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, synthesize

from .figures import Figure, Result, median
from .service import environment

_IMPORTS = """
from time import process_time
began_at = process_time()
import livekit.agents, livekit.plugins
with_livekit = process_time()
import livekit_plugins_azure_interpreter
print(with_livekit - began_at, process_time() - with_livekit)
"""
_INTERIM_MS = 100
_WORKER = Path(__file__).with_name("cold_worker.py")
_IDLE, _NONE_IDLE = "with-an-idle-process", "without-idle-processes"
"""The names of the two workers' agents."""


def measure(*, quick: bool) -> list[Result]:
    rounds = 3 if quick else 9
    figures = [_import_figure(rounds)]
    server = find_server()
    if server is None:
        print(f"cold_start: no jobs are measured: {MISSING}")
    else:
        figures += asyncio.run(_measure_jobs(server, rounds))
    return [Result("cold start", figures)]


def _import_figure(rounds: int) -> Figure:
    _imports()  # compiles what is not compiled yet
    both = [_imports() for _ in range(rounds)]
    livekit, package = (median(part) for part in zip(*both, strict=True))
    beside = f"livekit-agents: {livekit:.2f} s"
    return Figure("CPU to import the package, beyond livekit-agents", package, "s", 0.1, beside=beside)


def _imports() -> tuple[float, float]:
    """The CPU time in which a new process imports LiveKit, and then the package; both are compiled."""
    compiled = {name: value for name, value in environment().items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTS], stdout=subprocess.PIPE, text=True, check=True, env=compiled
    )
    livekit, package = map(float, done.stdout.split())
    return livekit, package


@dataclass(frozen=True)
class _Job:
    """Seconds from the dispatch until the job began, its session had started, and a word was interpreted."""

    began: float
    started: float
    interpreted: float


class _Workers:
    """Sends for interpreters, and reads in the workers' logs what they did.

    Args:
        server: Of the rooms.
        workers: By the name of their agent.
    """

    def __init__(self, server: Server, workers: Mapping[str, WorkerProcess]) -> None:
        self._server, self._workers = server, workers
        self._stalls = Stalls()

    async def run_job(self, name: str) -> _Job:
        """One job of the worker of that name, in a room of its own."""
        room = f"cold-{uuid.uuid4().hex[:8]}"
        speaker = Participant(self._server, "speaker", self._stalls, deaf=True)
        await speaker.join(room)
        await speaker.publish()
        speaking = asyncio.create_task(_speak_on(speaker))
        dispatched_at = time.time()
        try:
            await self._dispatch(name, room)
            began, started, interpreted = [
                await self._logged(name, f"cold start of {room}: {what} at ") - dispatched_at
                for what in ("began", "started", "interpreted")
            ]
        finally:
            speaking.cancel()
            await asyncio.wait({speaking})
            await speaker.aclose()
        return _Job(began, started, interpreted)

    async def aclose(self) -> None:
        await self._stalls.aclose()

    async def _dispatch(self, name: str, room: str) -> None:
        url = self._server.url.replace("ws", "http", 1)
        async with api.LiveKitAPI(url, self._server.key, self._server.secret) as livekit:
            await livekit.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(agent_name=name, room=room)
            )

    async def _logged(self, name: str, words: str) -> float:
        worker = self._workers[name]
        await worker.until_logged(words)
        return next(float(line.removeprefix(words)) for line in worker.log if line.startswith(words))


async def _speak_on(speaker: Participant) -> None:
    speech = synthesize("speech without an end", 5.0, RATE_HZ).pcm
    while True:
        await speaker.say(speech)


async def _measure_jobs(found: Server | str, rounds: int) -> list[Figure]:
    async with contextlib.AsyncExitStack() as stack:
        server = OwnServer(found) if isinstance(found, str) else found
        if isinstance(server, OwnServer):
            stack.callback(server.kill)
        line = Line("a word", translations={"fr": "un mot"})
        behaviour = Behaviour(script=[line] * 1000, interim_interval_ms=_INTERIM_MS)
        emulator = await stack.enter_async_context(Emulator(behaviour))
        started = {}
        for name, idle_processes in ((_IDLE, 1), (_NONE_IDLE, 0)):
            variables = {
                **environment(),
                **server.environment,
                "AZURE_SPEECH_KEY": "any",
                "AZURE_SPEECH_ENDPOINT": emulator.endpoint,
                "AGENT_NAME": name,
                "IDLE_PROCESSES": str(idle_processes),
            }
            started[name] = await WorkerProcess.start([_WORKER], variables)
            stack.push_async_callback(started[name].aclose)
            await started[name].until_logged("registered worker")
        workers = _Workers(server, started)
        stack.push_async_callback(workers.aclose)
        first = await workers.run_job(_NONE_IDLE)
        waited: list[_Job] = []
        forked: list[_Job] = []
        for number in range(rounds):
            await started[_IDLE].until_logged("process initialized", times=number + 1)
            waited.append(await workers.run_job(_IDLE))
            forked.append(await workers.run_job(_NONE_IDLE))
    return [
        _figure("with an idle process", waited),
        _figure("without", forked),
        _figure("without, the first of a worker", [first]),
    ]


def _figure(which: str, jobs: Sequence[_Job]) -> Figure:
    began, started, interpreted = (
        median([getattr(job, part) for job in jobs]) for part in ("began", "started", "interpreted")
    )
    return Figure(
        f"from dispatch to the first interpreted word, {which}",
        interpreted,
        "s",
        beside=f"job began: {began:.2f} s, its session had started: {started:.2f} s",
    )
