"""What a meeting loses when something dies: `PYTHONPATH=tests python -m room.watch_cases [CASE...]`.

Alice says one sentence after the other, and Bob hears them in French. Then something happens. The table says
how long Bob hears nothing, and which sentences he never gets, or gets twice; without `MeetingWatch`, and
with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from fakes.limits import LONG_LIMIT_SECONDS, within
from fakes.worker_process import WorkerProcess
from livekit import rtc

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .comparing import find_windows
from .conftest import Meeting
from .participant import RATE_HZ, Participant
from .server import MISSING, OwnServer, find_server
from .speech import Sentence, recorded, sentences, silence

WORKER = Path(__file__).parents[1] / "fakes" / "meeting_worker.py"
PAUSE_SECONDS = 1.2
AFTERWARDS_SECONDS = 30.0
FROZEN_SECONDS = 12.0
_STEADY = 3
_ANSWERED_SECONDS = 8.0
_STEP_SECONDS = 0.05


def _spoken() -> list[Sentence]:
    """Sentences that differ by sound, with a short voice each."""
    voice = recorded("french_1.wav", 1.0)
    return [
        Sentence(pcm, Line(f"Sentence {at}.", "en-US", {"fr": f"Phrase {at}."}, {"fr": Voice(voice)}))
        for at, pcm in enumerate(sentences())
    ]


SPOKEN = _spoken()
_FRAGMENT = Line("A part.", "en-US", {"fr": "Une partie."})
_MOST_OF_IT = 0.5


def _script(samples: Any) -> Line:
    """The sentence of which most was heard; an interpreter that comes in mid-sentence hears only its end."""
    shares = {
        index: sum(found) / len(found)
        for index, one in enumerate(SPOKEN)
        if (found := find_windows(samples.pcm, one.pcm, RATE_HZ))
    }
    best = max(shares, key=lambda index: shares[index])
    return SPOKEN[best].line if shares[best] >= _MOST_OF_IT else _FRAGMENT


class Workers:
    """Two workers; the first one has the meeting.

    Attributes:
        first, second: The workers.
        server: The LiveKit server.
    """

    def __init__(self, server: OwnServer, environment: Mapping[str, str]) -> None:
        self.server = server
        self._environment = environment
        self.all: list[WorkerProcess] = []

    async def start(self) -> WorkerProcess:
        worker = await WorkerProcess.start(
            ["-m", "livekit.agents", "start", WORKER], {**self.server.environment, **self._environment}
        )
        self.all.append(worker)
        await worker.until_logged("registered worker")
        return worker

    async def until_idle(self, worker: WorkerProcess) -> None:
        """Wait until it has processes for two jobs."""
        await worker.until_logged("process initialized", times=2)

    @property
    def first(self) -> WorkerProcess:
        return self.all[0]

    def job(self) -> psutil.Process:
        """The process of the first one's job: the one that has a connection to LiveKit."""
        port = int(self.server.url.rpartition(":")[2])
        for process in self.first.processes()[1:]:
            with contextlib.suppress(psutil.Error):
                if any(one.raddr and one.raddr.port == port for one in process.net_connections()):
                    return process
        raise AssertionError("\n".join(["The first worker has no job.", *self.first.log]))

    async def aclose(self) -> None:
        for worker in self.all:
            if worker.running:
                await worker.kill_with_jobs()


Happen = Callable[[Workers], Awaitable[object]]


async def _job_killed(workers: Workers) -> None:
    workers.job().kill()


async def _worker_killed(workers: Workers) -> None:
    await workers.first.kill_with_jobs()


async def _drained(workers: Workers) -> None:
    workers.first.terminate()


async def _restarted(workers: Workers) -> None:
    await asyncio.to_thread(workers.server.kill)
    await asyncio.to_thread(workers.server.start)


async def _frozen(workers: Workers) -> None:
    processes = workers.first.processes()
    for process in processes:
        process.suspend()
    await asyncio.sleep(FROZEN_SECONDS)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()


async def _job_frozen(workers: Workers) -> None:
    job = workers.job()
    job.suspend()
    await asyncio.sleep(FROZEN_SECONDS)
    with contextlib.suppress(psutil.NoSuchProcess):
        job.resume()


async def _everything(workers: Workers) -> None:
    await workers.first.kill_with_jobs()
    await _restarted(workers)


CASES: dict[str, Happen] = {
    "job killed": _job_killed,
    "worker killed": _worker_killed,
    "machine drained": _drained,
    "LiveKit restarted": _restarted,
    "worker frozen": _frozen,
    "job frozen": _job_frozen,
    "worker killed and LiveKit restarted": _everything,
}


@dataclass
class Said:
    """A sentence of Alice's.

    Attributes:
        at: Which one it is.
        begun, ended: When it was said.
        captions: When Bob got its translation.
    """

    at: int
    begun: float
    ended: float = float("inf")
    captions: list[float] = field(default_factory=list)


@dataclass
class Result:
    """What a case has cost.

    Attributes:
        silence_seconds: The longest time without a voice, from what happened on.
        is_silent: No voice came any more.
        lost: How many sentences Bob never got.
        lost_later: How many of these he never got although they began after he had got another one again.
        repeated: How many he got twice.
        interpreters: How many are in the room at the end.
        told: What the workers have logged.
    """

    silence_seconds: float
    is_silent: bool
    lost: int
    lost_later: int
    repeated: int
    interpreters: int
    told: list[str]

    def __str__(self) -> str:
        silence_ = "for ever" if self.is_silent else f"{self.silence_seconds:.1f} s"
        return f"{silence_} | {self.lost} | {self.repeated}"


class Listener:
    """Notes what Bob gets, and when."""

    def __init__(self, bob: Participant) -> None:
        self._bob = bob
        self.said: list[Said] = []
        self.loud_at: list[float] = []
        self._noting = asyncio.create_task(self._note())

    @property
    def got(self) -> int:
        return sum(bool(one.captions) for one in self.said)

    async def aclose(self) -> None:
        self._noting.cancel()
        await asyncio.wait({self._noting})

    async def _note(self) -> None:
        read, loud = 0, 0.0
        while True:
            await asyncio.sleep(_STEP_SECONDS)
            now = time.monotonic()
            for caption in self._bob.captions[read:]:
                read += 1
                if caption.final and caption.text.startswith("Phrase"):
                    self._match(int(caption.text.removeprefix("Phrase ").removesuffix(".")), now)
            heard = sum(ear.loud_seconds for ear in self._bob.ears_of("alice-fr"))
            if heard > loud:
                loud = heard
                self.loud_at.append(now)

    def _match(self, at: int, now: float) -> None:
        """It is the translation of the latest such sentence."""
        for one in reversed(self.said):
            if one.at == at and one.begun < now:
                one.captions.append(now)
                return


async def talk(
    alice: Participant, listener: Listener, ending: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS
) -> None:
    """Alice says one sentence after the other, with a pause after each."""
    while not ending.is_set():
        for at, sentence in enumerate(SPOKEN):
            if ending.is_set():
                return
            one = Said(at, time.monotonic())
            listener.said.append(one)
            await alice.say(sentence.pcm)
            one.ended = time.monotonic()
            await alice.say(silence(pause_seconds))


@contextlib.asynccontextmanager
async def stage(server: OwnServer, environment: Mapping[str, str]) -> AsyncGenerator[tuple[Workers, Meeting]]:
    """Two workers, and an emulator."""
    behaviour = Behaviour(script=_script, silence_ms=700)
    async with Emulator(behaviour) as emulator:
        azure = {"AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_ENDPOINT": emulator.endpoint}
        workers, meeting = Workers(server, {**azure, **environment}), Meeting(server)
        try:
            await workers.until_idle(await workers.start())
            yield workers, meeting
        finally:
            await meeting.aclose()
            await workers.aclose()


async def run(
    server: OwnServer,
    happen: Happen,
    environment: Mapping[str, str],
    *,
    afterwards_seconds: float = AFTERWARDS_SECONDS,
) -> Result:
    """Let something happen in a meeting that goes on."""
    async with stage(server, environment) as (workers, meeting):
        alice = await meeting.join("alice", {"language": "en"}, microphone=True)
        bob = await meeting.join("bob", {"language": "fr"})
        await bob.ear("alice-fr")
        await workers.until_idle(await workers.start())
        listener = Listener(bob)
        ending = asyncio.Event()
        talking = asyncio.create_task(talk(alice, listener, ending))
        await within(_until(lambda: listener.got >= _STEADY), LONG_LIMIT_SECONDS)
        happened_at = time.monotonic()
        happening = asyncio.ensure_future(happen(workers))
        await asyncio.sleep(afterwards_seconds)
        await within(happening)
        ending.set()
        await within(talking)
        ended_at = time.monotonic()
        await asyncio.sleep(_ANSWERED_SECONDS)
        await listener.aclose()
        interpreters = sum(_is_interpreter(one) for one in bob.room.remote_participants.values())
        told = [line for worker in workers.all for line in worker.log]
        return _result(listener, happened_at, ended_at, interpreters, told)


def _is_interpreter(one: rtc.RemoteParticipant) -> bool:
    is_agent = one.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    return is_agent and one.attributes.get("interpreter") == "ready"


def _result(
    listener: Listener, happened_at: float, ended_at: float, interpreters: int, told: list[str]
) -> Result:
    loud = [happened_at, *(at for at in listener.loud_at if happened_at < at < ended_at), ended_at]
    gaps = [after - before for before, after in itertools.pairwise(loud)]
    whole = [one for one in listener.said if one.ended <= ended_at]
    lost = [one for one in whole if not one.captions]
    again_at = min((at for one in whole for at in one.captions if at > happened_at), default=ended_at)
    return Result(
        silence_seconds=max(gaps),
        is_silent=ended_at - loud[-2] > AFTERWARDS_SECONDS / 2,
        lost=len(lost),
        lost_later=sum(one.begun > again_at for one in lost),
        repeated=sum(len(one.captions) > 1 and one.captions[-1] > happened_at for one in whole),
        interpreters=interpreters,
        told=[*_story(listener, happened_at), *told],
    )


def _story(listener: Listener, happened_at: float) -> list[str]:
    return [
        f"sentence {one.at} from {one.begun - happened_at:.1f} to {one.ended - happened_at:.1f} s: read at "
        + ", ".join(f"{at - happened_at:.1f}" for at in one.captions)
        for one in listener.said
    ]


async def _until(condition: Callable[[], Any]) -> None:
    while not condition():  # noqa: ASYNC110 - a list is asked
        await asyncio.sleep(_STEP_SECONDS)


async def _table(names: Iterable[str]) -> None:
    binary = find_server()
    assert isinstance(binary, str), MISSING
    print("| what happens | before: silence | lost | repeated | after: silence | lost | repeated |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        cells = []
        for watch in ("off", "on"):
            server = OwnServer(binary)
            with tempfile.TemporaryDirectory() as folder:
                record = str(Path(folder) / "meetings.db")
                environment = {"MEETING_WATCH": watch, "DRAIN_SECONDS": "3", "RECORD": record}
                result = await run(server, CASES[name], environment)
            server.kill()
            cells.append(str(result))
            if os.environ.get("VERBOSE"):
                print(f"{name}, {watch}: {result}, {result.interpreters}", *result.told, sep="\n  ")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    asyncio.run(_table(sys.argv[1:] or CASES))
