"""What one more meeting costs, as the fleet grows."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from fakes.clock import run

from livekit_plugins_azure_interpreter import Resource, SpeechResources
from livekit_plugins_azure_interpreter._fleet.dispatcher import Dispatcher
from livekit_plugins_azure_interpreter._fleet.rounds import Rounds
from livekit_plugins_azure_interpreter._fleet.watch import Vigil
from livekit_plugins_azure_interpreter.speech_resources import places_of

from .livekit import FakeLiveKit
from .processes import FleetLoop, Process
from .redis import FakeRedis
from .room import Agent
from .script import REGIONS
from .worker import WANTED

_MEETINGS_OF_A_WORKER = 12.5
_STREAMS_OF_A_MEETING = 2
_LOOKS = 8
_LOOK_SECONDS = 2.1
_HELD_SECONDS = 120.0
_RESOURCES = 12


@dataclass(frozen=True)
class Growth:
    """With so many meetings at the same time, on LiveKit servers in 4 regions.

    Attributes:
        requests: Requests of all watches to LiveKit, per second.
        look_ms: CPU of one look of one worker, without the network.
        operations: Redis operations of a stream, per second.
        place_ms: CPU of taking a place, holding it for two minutes, and giving it back, without the network.
    """

    meetings: int
    workers: int
    requests: float
    look_ms: float
    operations: float
    place_ms: float


def measure(meetings: int, *, most_rooms: int) -> Growth:
    """Measure a fleet in which all is well."""
    workers = max(len(REGIONS), round(meetings / _MEETINGS_OF_A_WORKER))
    requests, look_seconds = _in_virtual_time(_looks(meetings // len(REGIONS), most_rooms))
    operations, place_seconds = _in_virtual_time(_places(meetings))
    return Growth(
        meetings,
        workers,
        requests * workers / _LOOK_SECONDS,
        1000 * look_seconds,
        operations,
        1000 * place_seconds,
    )


def _in_virtual_time(measured: object) -> tuple[float, float]:
    loop = FleetLoop()
    loop.begin_at(1000.0)
    asyncio.set_event_loop(loop)
    return run(loop, measured)  # type: ignore[arg-type]


async def _looks(rooms: int, most_rooms: int) -> tuple[float, float]:
    """The requests of one look, and its CPU seconds."""
    livekit, now = FakeLiveKit("here", random.Random(1)), asyncio.get_running_loop().time
    for number in range(rooms):
        livekit.come(f"room-{number}", "alice", "fr")
        process = Process(f"job-{number}")
        agent = Agent(
            livekit, f"room-{number}", f"agent-{number}", process, changed=lambda: None, ended=lambda: None
        )
        livekit.connect(agent)
        agent.tell({"interpreter": "ready"})
    await asyncio.sleep(1.0)
    vigil = Vigil(alone_seconds=2.0, most_rooms=most_rooms, order=random.Random(1))
    dispatcher = Dispatcher(livekit, agent_name="", wanted=WANTED, now=now)
    rounds = Rounds(livekit, dispatcher, vigil, now=now)
    for _ in range(rooms // most_rooms + 1):
        await rounds.look()  # the first one gets to know each room
    livekit.requests.clear()
    began_at = time.process_time()
    for _ in range(_LOOKS):
        await rounds.look()
    return livekit.requests.total() / _LOOKS, (time.process_time() - began_at) / _LOOKS


async def _places(meetings: int) -> tuple[float, float]:
    """The Redis operations of a stream per second, and its CPU seconds."""
    redis = FakeRedis(random.Random(1))
    streams = _STREAMS_OF_A_MEETING * meetings
    names = [f"resource-{at}" for at in range(_RESOURCES)]
    resources = [
        Resource(speech_key="key", speech_region="westeurope", name=name, max_streams=streams // 10)
        for name in names
    ]
    jobs = [SpeechResources(resources, leases=redis) for _ in range(meetings)]
    began_at = time.process_time()
    places = await asyncio.gather(
        *(places_of(one, "recognition").take(None) for one in jobs for _ in range(_STREAMS_OF_A_MEETING))
    )
    await asyncio.sleep(_HELD_SECONDS)
    for place in places:
        place.release()
    await asyncio.gather(*(one.aclose() for one in jobs))
    cpu_seconds = time.process_time() - began_at
    return redis.operations.total() / streams / _HELD_SECONDS, cpu_seconds / streams
