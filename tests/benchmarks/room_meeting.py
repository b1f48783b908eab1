"""(k) A meeting in a room of a real LiveKit server: what its process takes with WebRTC, and what is heard.

Everybody speaks at once, or one does, or all have been silent for long. One of them listens; the others do
not subscribe, since that is the work of their own machines.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import psutil
from livekit import rtc
from room.participant import Ear, Participant
from room.server import MISSING, Server, find_server
from room.stalls import Stalls

from livekit_plugins_azure_interpreter import MeetingInterpreter

from .ear import running
from .ear_people import INTERPRETER
from .figures import Figure, Result, median
from .meeting import CONVERSATION, LANGUAGES, noise, speech
from .service import environment, serve
from .session import worker_context

Speaking = Literal["all speak", "one speaks", "all silent"]

_PEOPLE = (2, 4, 6, 8)
"""In four languages at most: 2, 12, 18 and 24 voices."""
_MOST_ON_ONE_MACHINE = 4
"""Two cores carry the people and LiveKit's server beside a meeting of so many; all starve beyond that."""
_GOALS_CORES = {12: 0.25, 24: 0.5}
"""By the number of voices."""
_LEAST_HEARD = 0.95
_CASES: list[tuple[int, Speaking]] = [
    *((people, "all speak") for people in _PEOPLE),
    *((people, "one speaks") for people in _PEOPLE if people > 2),
    *((people, "all silent") for people in _PEOPLE),
]
_SILENT_TRACK_SECONDS = 5.0
"""By default it is minutes, which nobody wants to wait for."""
_SETTLING_SECONDS = 8.0
_LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class _Seen:
    """What the process of the interpreter used, and what the listener heard.

    Attributes:
        cores: The CPU it took.
        longest_stall: How long its loop was held up at most, in seconds.
        connections, megabytes: How many it had to Azure, and its whole memory.
        heard: The share of the voices that was heard; 1 if there were none.
    """

    cores: float
    longest_stall: float
    connections: int
    megabytes: float
    heard: float = 1.0


def measure(*, quick: bool) -> list[Result]:
    found = find_server()
    if found is None:
        print(f"room_meeting: skipped, {MISSING}")
        return []
    rounds, utterances = (1, 4) if quick else (3, 4)
    seconds = utterances * CONVERSATION.period_seconds
    seen: dict[tuple[int, Speaking], list[_Seen]] = {case: [] for case in _CASES}
    with serve(CONVERSATION) as saying, serve(replace(CONVERSATION, is_heard=True)) as hearing:
        for _ in range(rounds):
            for people, speaking in _CASES:
                service = saying if speaking == "all speak" else hearing
                held = _hold(found, service.endpoint, people, speaking, seconds)
                seen[people, speaking].append(asyncio.run(held))
    figures = [figure for case in _CASES for figure in _figures(*case, seen[case])]
    return [Result("a meeting in a room", figures)]


def _voices(people: int) -> int:
    """How many interpretations there are, of everybody in each language of others."""
    return people * (min(people, len(LANGUAGES)) - 1)


def _figures(people: int, speaking: Speaking, seen: list[_Seen]) -> list[Figure]:
    voices = _voices(people)
    name = f"{people} people, {voices} voices, {speaking}"
    beside = (
        f"{seen[0].connections} connections, {median([one.megabytes for one in seen]):.0f} MB, "
        f"loop held up for {max(one.longest_stall for one in seen) * 1000:.0f} ms at most"
    )
    cores = median([one.cores for one in seen])
    figures = [Figure(f"CPU in a room, {name}", cores, "cores", goal=_GOALS_CORES.get(voices), beside=beside)]
    if speaking == "all speak":
        heard = median([one.heard for one in seen])
        bound = _LEAST_HEARD if people <= _MOST_ON_ONE_MACHINE else None
        figures.append(
            Figure(f"heard in a room, {name}", heard, "of all", bound, at_least=True, goal=_LEAST_HEARD)
        )
    return figures


async def _hold(found: Server | str, endpoint: str, people: int, speaking: Speaking, seconds: float) -> _Seen:
    """Hold a meeting of so many people."""
    room = f"meeting-{uuid.uuid4().hex[:8]}"
    speakers = range({"all speak": 0, "one speaks": people - 1, "all silent": people}[speaking], people)
    async with contextlib.AsyncExitStack() as closing:
        server = closing.enter_context(running(found))
        worker = await closing.enter_async_context(_worker(server, room, endpoint))
        stalls = Stalls()
        closing.push_async_callback(stalls.aclose)
        crowd = [Participant(server, f"person-{number}", stalls) for number in range(people)]
        for number, one in enumerate(crowd):
            closing.push_async_callback(one.aclose)
            language = LANGUAGES[number % len(LANGUAGES)]
            await one.join(room, {"language": language}, subscribe=number == 0)
            await one.publish()
            talking = asyncio.create_task(_talk(one, speech() if number in speakers else noise(), number))
            closing.callback(talking.cancel)
        listener = crowd[0]
        theirs = people - len(crowd[:: len(LANGUAGES)])  # of all whose language is another one
        await listener.until(lambda: len({ear.name for ear in _interpretations(listener)}) == theirs)
        await asyncio.sleep(_SETTLING_SECONDS)
        for ear in _interpretations(listener):
            await ear.forget()
        await _tell(worker)
        await asyncio.sleep(seconds)
        seen = _Seen(**await _tell(worker))
        if speaking != "all speak":
            return seen
        said = theirs * seconds / CONVERSATION.period_seconds * CONVERSATION.voice_seconds
        return replace(seen, heard=sum(ear.loud_seconds for ear in _interpretations(listener)) / said)


def _interpretations(listener: Participant) -> list[Ear]:
    return [ear for ear in listener.ears if ear.speaker == INTERPRETER]


async def _talk(one: Participant, pcm: bytes, number: int) -> None:
    """Speak for ever; nobody says the same as another at the same time."""
    at = 2 * (number * len(pcm) // 2 // max(_PEOPLE))
    while True:
        await one.say(pcm[at:] + pcm[:at])


@contextlib.asynccontextmanager
async def _worker(server: Server, room: str, endpoint: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.room_meeting", server.url, endpoint),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment(),
    )
    try:
        assert process.stdin is not None
        process.stdin.write(f"{server.token(INTERPRETER, room)}\n".encode())
        yield process
    finally:
        process.kill()
        await process.wait()


async def _tell(worker: asyncio.subprocess.Process) -> dict[str, Any]:
    """Ask the process what it used since the last time."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(b"\n")
    answer: dict[str, Any] = json.loads(await asyncio.wait_for(worker.stdout.readline(), _LIMIT_SECONDS))
    return answer


async def _interpret(url: str, endpoint: str, token: str) -> None:
    """Interpret a room, and print what that used since the last line of the input, for each further one."""
    room, process = rtc.Room(), psutil.Process()
    await room.connect(url, token)
    async with worker_context(room):
        interpreter = MeetingInterpreter(
            speech_key="any",
            speech_endpoint=endpoint,
            catch_up="none",
            max_lag_seconds=None,
            silent_track_seconds=_SILENT_TRACK_SECONDS,
        )
        await interpreter.start(room)
        stalls, began_at, cpu = Stalls(), time.monotonic(), sum(process.cpu_times()[:2])
        while await asyncio.to_thread(sys.stdin.readline):
            now, used = time.monotonic(), sum(process.cpu_times()[:2])
            seen = _Seen(
                cores=(used - cpu) / (now - began_at),
                longest_stall=stalls.longest_seconds,
                connections=interpreter.open_streams,
                megabytes=process.memory_info().rss / 1e6,
            )
            began_at, cpu, stalls.longest_seconds = now, used, 0.0
            print(json.dumps(asdict(seen)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("endpoint")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    token = sys.stdin.readline().strip()  # not in the arguments, which any process can read
    asyncio.run(_interpret(options.url, options.endpoint, token))
