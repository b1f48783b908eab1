"""How many meetings one machine carries: `PYTHONPATH=tests python -m room.load [--pause S] [MEETINGS...]`.

In each meeting Alice says one sentence after the other, and Bob reads them in French; he does not listen.
Everything is on this machine: LiveKit's server, the emulator, one worker with a process for each meeting,
which records it, and all people, in this process. The meetings begin one after the other; what is measured
begins when all have.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from fakes.limits import LIMIT_SECONDS, LONG_LIMIT_SECONDS, within
from fakes.worker_process import WorkerProcess

from .load_azure import READY
from .participant import Participant
from .server import MISSING, OwnServer, find_server
from .stalls import Stalls
from .watch_cases import PAUSE_SECONDS, Listener, Workers, talk

TALK_SECONDS = 30.0
EVERY_SECONDS = 1.0
"""From the beginning of a meeting to that of the next."""
_ANSWERED_SECONDS = 8.0
_MEETINGS = (1, 5, 6, 7, 8, 10)
_NAMES = (
    "meetings",
    "interpreter after, median",
    "longest",
    "said",
    "lost",
    "asked for again",
    "delay, median",
    "90th",
    "cores of the meetings",
    "LiveKit",
    "emulator",
    "people",
    "all others",
    "people held up",
    "memory of the meetings",
)


@dataclass
class Load:
    """What some meetings at once have cost.

    Attributes:
        came: How long each meeting waited for its interpreter, from its beginning, in seconds.
        said: How many sentences were said.
        asked_again: How often a watch asked for another interpreter: one was too busy to answer.
        delays: How long after the end of each its translation was read, in seconds.
        cores: What the meetings, LiveKit's server, the emulator, the people and all others took.
        held_up: The share of the time in which the process of the people did not run as it should.
        megabytes: The memory of the meetings' processes; what some share counts once.
    """

    came: Sequence[float]
    said: int
    asked_again: int
    delays: Sequence[float]
    cores: Sequence[float]
    held_up: float
    megabytes: float

    def __str__(self) -> str:
        delays = sorted(self.delays) or [float("nan")]
        cells = [
            f"{statistics.median(self.came):.1f} s",
            f"{max(self.came):.1f} s",
            str(self.said),
            str(self.said - len(self.delays)),
            str(self.asked_again),
            f"{statistics.median(delays):.2f} s",
            f"{delays[int(0.9 * (len(delays) - 1))]:.2f} s",
            *(f"{one:.2f}" for one in self.cores),
            f"{self.held_up:.0%}",
            f"{self.megabytes:.0f} MB",
        ]
        return " | ".join(cells)


class Crowd:
    """The people of all meetings."""

    def __init__(self, server: OwnServer, pause_seconds: float) -> None:
        self._server, self._pause_seconds = server, pause_seconds
        self.stalls = Stalls()
        self.listeners: list[Listener] = []
        self._people: list[Participant] = []
        self._talking: list[asyncio.Task[None]] = []
        self._ending = asyncio.Event()

    async def meet(self, after_seconds: float) -> float:
        """Hold a meeting, and wait until it is interpreted: how long that took. Alice then begins to talk.

        Raises:
            TimeoutError: Nobody interprets.
        """
        await asyncio.sleep(after_seconds)
        begun_at, room = time.monotonic(), f"meeting-{uuid.uuid4().hex[:8]}"
        alice = await self._join(room, "alice", "en")
        await alice.publish()
        bob = await self._join(room, "bob", "fr")
        await bob.until(lambda: _is_interpreted(bob))
        listener = Listener(bob)
        self.listeners.append(listener)
        talking = talk(alice, listener, self._ending, pause_seconds=self._pause_seconds)
        self._talking.append(asyncio.create_task(talking))
        return time.monotonic() - begun_at

    async def _join(self, room: str, identity: str, language: str) -> Participant:
        person = Participant(self._server, identity, self.stalls)
        self._people.append(person)
        # Whoever hears decodes, which is not the work of this machine where people have their own.
        await person.join(room, {"language": language}, subscribe=False)
        return person

    async def fall_silent(self) -> None:
        """All end what they are saying."""
        self._ending.set()
        await within(asyncio.gather(*self._talking), LONG_LIMIT_SECONDS)

    async def aclose(self) -> None:
        self._ending.set()
        for talking in self._talking:
            talking.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        await asyncio.gather(*(listener.aclose() for listener in self.listeners))
        await asyncio.gather(*(within(person.aclose()) for person in self._people))
        await self.stalls.aclose()


@contextlib.asynccontextmanager
async def _azure() -> AsyncGenerator[tuple[WorkerProcess, str]]:
    """The emulator, and its endpoint."""
    process = await WorkerProcess.start(["-m", "room.load_azure"], {})
    try:
        await process.until_logged(READY)
        yield process, next(line for line in process.log if line.startswith(READY)).removeprefix(READY)
    finally:
        await process.kill_with_jobs()


async def measure(server: OwnServer, count: int, pause_seconds: float, record: Path) -> Load:
    """Hold so many meetings at once."""
    async with contextlib.AsyncExitStack() as closing:
        azure, endpoint = await closing.enter_async_context(_azure())
        environment = {
            "AZURE_SPEECH_KEY": "any",
            "AZURE_SPEECH_ENDPOINT": endpoint,
            "MAX_MEETINGS": str(2 * count),  # so that LiveKit gives it all of them
            "RECORD": str(record),
        }
        workers = Workers(server, environment)
        closing.push_async_callback(workers.aclose)
        await workers.until_idle(await workers.start())
        crowd = Crowd(server, pause_seconds)
        closing.push_async_callback(crowd.aclose)
        beginning = (crowd.meet(at * EVERY_SECONDS) for at in range(count))
        begun = await asyncio.gather(*beginning, return_exceptions=True)
        came = [one for one in begun if isinstance(one, float)]
        for one in begun:
            if isinstance(one, BaseException) and not isinstance(one, asyncio.TimeoutError):
                raise one
        if len(came) < count:
            raise RuntimeError(f"{count - len(came)} had no interpreter after {LIMIT_SECONDS:.0f} s")

        def parts() -> list[Mapping[int, float]]:
            others = [psutil.Process(server.pid)], azure.processes(), [psutil.Process()]
            return [_of_each(one, _seconds) for one in (workers.first.processes(), *others)]

        began_at, held_up, before = time.monotonic(), crowd.stalls.seconds, parts()
        psutil.cpu_percent()
        await asyncio.sleep(TALK_SECONDS)
        busy, lasted = psutil.cpu_percent() / 100 * psutil.cpu_count(), time.monotonic() - began_at
        cores = [
            sum(seconds - was.get(process, 0.0) for process, seconds in now.items()) / lasted
            for now, was in zip(parts(), before, strict=True)
        ]
        held_up = (crowd.stalls.seconds - held_up) / lasted
        memory = sum(_of_each(workers.first.processes(), _bytes).values())
        await crowd.fall_silent()
        await asyncio.sleep(_ANSWERED_SECONDS)
        said = [one for listener in crowd.listeners for one in listener.said if one.begun >= began_at]
        delays = [one.captions[0] - one.ended for one in said if one.captions]
        return Load(
            came,
            len(said),
            sum("asked for one" in line for line in workers.first.log),
            delays,
            [*cores, max(0.0, busy - sum(cores))],
            held_up,
            memory / 1e6,
        )


def _is_interpreted(bob: Participant) -> bool:
    others = bob.room.remote_participants.values()
    return any(track.name == "alice-fr" for one in others for track in one.track_publications.values())


def _of_each(processes: Iterable[psutil.Process], ask: Callable[[psutil.Process], float]) -> dict[int, float]:
    """What each of them answers that lives; one may end meanwhile."""
    answers = {}
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            answers[process.pid] = ask(process)
    return answers


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _bytes(process: psutil.Process) -> float:
    """Its memory; of what it shares with others, its part."""
    return float(process.memory_full_info().pss)


async def _table(counts: Sequence[int], pause_seconds: float) -> None:
    binary = find_server()
    assert isinstance(binary, str), MISSING
    print(f"| {' | '.join(_NAMES)} |")
    print("|---" * len(_NAMES) + "|")
    for count in counts:
        server = OwnServer(binary)
        try:
            with tempfile.TemporaryDirectory() as folder:
                load: object = await measure(server, count, pause_seconds, Path(folder) / "meetings.db")
        except RuntimeError as error:
            load = error
        finally:
            server.kill()
        print(f"| {count} | {load} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m room.load")
    parser.add_argument("meetings", nargs="*", type=int, default=_MEETINGS)
    parser.add_argument("--pause", type=float, default=PAUSE_SECONDS, help="seconds after each sentence")
    options = parser.parse_args()
    asyncio.run(_table(options.meetings, options.pause))
