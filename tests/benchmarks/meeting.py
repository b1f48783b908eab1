"""(h) A meeting of 12 speakers in 4 languages: connections, threads, CPU and memory of its process.

Twice, in turn: with a service that voices several languages over one connection, and with one that refuses
it, so that each speaker has a connection for each language. The room takes and gives frames, without WebRTC.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil
from livekit import rtc

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.room import Caption, Member

from .figures import Figure, Result, median
from .service import Conversation, environment, serve
from .stamps import FRAME_BYTES, FRAME_SECONDS

_LANGUAGES = ("en", "fr", "de", "ja")
_PEOPLE = 12
_SETTLING_SECONDS = 8.0
_CONVERSATION = Conversation(
    4.02,
    2.0,
    2.0,
    recognition_delay_ms=100,
    voice_delay_ms=100,
    voice_speed=1.5,
    languages=_LANGUAGES,
)
_NOISE = bytes([0x40, 0x06]) * (FRAME_BYTES // 2)


@dataclass(frozen=True)
class _Seen:
    """What the process of a meeting used, and what was heard of it."""

    connections: int
    threads: int
    cpu_percent: float
    memory_mb: float
    voice_seconds: float


def measure(*, quick: bool) -> list[Result]:
    rounds, seconds = (1, 15.0) if quick else (5, 30.0)
    shared: list[_Seen] = []
    separate: list[_Seen] = []
    with serve(_CONVERSATION) as sharing, serve(_CONVERSATION.refusing_several_voices()) as refusing:
        for _ in range(rounds):
            shared.append(_run(sharing.endpoint, seconds))
            separate.append(_run(refusing.endpoint, seconds))
    figures = [
        _figure("connections", shared, separate, lambda seen: seen.connections, 0.34),
        _figure("threads", shared, separate, lambda seen: seen.threads, 0.5),
        _figure("CPU", shared, separate, lambda seen: seen.cpu_percent, 0.45),
        _figure("memory", shared, separate, lambda seen: seen.memory_mb, 1.0),
    ]
    return [Result("a meeting of 12 speakers in 4 languages", figures)]


def _figure(
    name: str,
    shared: Sequence[_Seen],
    separate: Sequence[_Seen],
    part: Callable[[_Seen], float],
    bound: float,
) -> Figure:
    times = median([part(ours) / part(other) for ours, other in zip(shared, separate, strict=True)])
    beside = f"{median(list(map(part, shared))):.1f} and {median(list(map(part, separate))):.1f}"
    return Figure(f"{name} of a meeting, to a connection per language", times, "times", bound, beside=beside)


def _run(endpoint: str, seconds: float) -> _Seen:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.meeting", endpoint, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=environment(),
        timeout=_SETTLING_SECONDS + seconds + 60,
    )
    return _Seen(**json.loads(done.stdout.splitlines()[-1]))


class _Output:
    def __init__(self, room: _Room) -> None:
        self._room = room

    async def play(self, frame: rtc.AudioFrame) -> None:
        self._room.voice_seconds += frame.duration
        await asyncio.sleep(frame.duration)

    async def played(self) -> None:
        pass

    def unheard(self) -> Sequence[rtc.AudioFrame]:
        return ()

    async def aclose(self) -> None:
        pass


class _Room:
    """Everybody speaks all the time, and hears the others."""

    def __init__(self) -> None:
        self.voice_seconds = 0.0

    def watch(self, changed: Callable[[], None], closed: Callable[[], None]) -> None:
        pass

    def members(self) -> list[Member]:
        return [
            Member(
                f"person-{number}",
                {"language": _LANGUAGES[number % len(_LANGUAGES)]},
                publishes=True,
                tracks=(f"track-{number}",),
            )
            for number in range(_PEOPLE)
        ]

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        now = asyncio.get_running_loop().time
        due = now()
        while True:
            due += FRAME_SECONDS
            await asyncio.sleep(due - now())
            yield rtc.AudioFrame(_NOISE, 16000, 1, FRAME_BYTES // 2)

    async def publish(self, route: Route, sample_rate: int) -> _Output:
        return _Output(self)

    def admit(self, listeners: Mapping[Route, frozenset[str]]) -> None:
        pass

    def refuse(self, refused: Mapping[str, str]) -> None:
        pass

    async def caption(self, caption: Caption) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def _meet(endpoint: str, seconds: float) -> None:
    """Print what the process uses, and end it without the time that closing takes."""
    process, room = psutil.Process(), _Room()
    memory_before, threads_before = process.memory_info().rss, process.num_threads()
    interpreter = MeetingInterpreter(
        speech_key="any", speech_endpoint=endpoint, catch_up="none", max_lag_seconds=None
    )
    started: Any = room
    interpreter._start(started)
    await asyncio.sleep(_SETTLING_SECONDS)
    cpu_before, voice_before = sum(process.cpu_times()[:2]), room.voice_seconds
    began_at = time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began_at
    seen = _Seen(
        connections=interpreter.open_streams,
        threads=process.num_threads() - threads_before,
        cpu_percent=100 * (sum(process.cpu_times()[:2]) - cpu_before) / took,
        memory_mb=(process.memory_info().rss - memory_before) / 1e6,
        voice_seconds=room.voice_seconds - voice_before,
    )
    print(json.dumps(asdict(seen)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("endpoint")
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    asyncio.run(_meet(options.endpoint, options.seconds))
