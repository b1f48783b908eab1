"""(h) Meetings: connections, threads, CPU and memory of their process, by people, languages and who speaks.

The room takes and gives frames, without WebRTC. Everybody speaks at once: a recording with its pauses, which
is more than people do. Or all are silent: the noise of a microphone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from fakes.plain_room import PlainRoom, PlainTrack
from livekit import rtc

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._meeting.room import FRAME_MS, RATE_HZ, Member
from livekit_plugins_azure_interpreter.emulator import Voice
from livekit_plugins_azure_interpreter.options import DEFAULT_LATENCY, Latency

from .figures import Figure, Result, median
from .service import Conversation, environment, serve

_FRAME_BYTES = 2 * RATE_HZ * FRAME_MS // 1000
LANGUAGES = ("en", "fr", "de", "ja")
_SETTLING_SECONDS = 8.0
CONVERSATION = Conversation(
    4.02,
    2.0,
    2.0,
    recognition_delay_ms=100,
    voice_delay_ms=100,
    voice_speed=1.5,
    languages=LANGUAGES,
    spoken_language="es-ES",  # so that it is interpreted into all of them
)
SILENCE = replace(CONVERSATION, period_seconds=10_000.0)
"""One utterance, at the beginning."""
_RECORDING = Path(__file__).parents[2] / "examples" / "demo" / "sample" / "english.wav"
_MICROPHONE_NOISE = 20
"""-64 dB of full scale."""
_GOALS_CORES = {12: 0.25, 24: 0.5}


@dataclass(frozen=True)
class _Meeting:
    """Who is there, and what they do.

    Attributes:
        people: How many; each publishes a microphone and hears all who speak another language.
        languages: How many languages they have.
        speaking: All speak, all the time. Else all are silent.
        skip_silence, latency: As in `MeetingInterpreter`.
    """

    people: int = 12
    languages: int = 4
    speaking: bool = True
    skip_silence: bool = False
    latency: Latency = DEFAULT_LATENCY

    @property
    def name(self) -> str:
        parts = [
            f"{self.people} people in {self.languages} languages",
            "speaking" if self.speaking else "silent",
            "skip_silence" if self.skip_silence else "",
            self.latency if self.latency != DEFAULT_LATENCY else "",
        ]
        return ", ".join(filter(None, parts))

    @property
    def voices(self) -> int:
        """How many are heard, of everybody in each language of others."""
        spoken = min(self.people, self.languages)
        return self.people * (spoken - 1)


_LARGEST = _Meeting()
_TWICE_AS_LARGE = _Meeting(24)
_SILENT = [replace(_LARGEST, speaking=False, skip_silence=skip) for skip in (False, True)]
_SIZES = ((2, 2), (6, 2), (6, 4), (12, 2), (12, 4))
_OTHERS: list[Latency] = ["low", "relaxed"]
_MORE = [
    *(
        _Meeting(*size, speaking, skip_silence)
        for size in _SIZES
        for speaking in (True, False)
        for skip_silence in (False, True)
    ),
    *(replace(_LARGEST, latency=latency) for latency in _OTHERS),
]


@dataclass(frozen=True)
class _Seen:
    """What the process of a meeting used, and what was heard of it."""

    connections: int
    threads: int
    cores: float
    memory_mb: float
    voice_seconds: float
    seconds: float


def measure(*, quick: bool) -> list[Result]:
    # Whole utterances, so that a window has as much voice as any other.
    shortest = 4 * CONVERSATION.period_seconds
    rounds, seconds = (1, shortest) if quick else (5, 2 * shortest)
    shared: list[_Seen] = []
    separate: list[_Seen] = []
    with (
        serve(CONVERSATION) as speaking,
        serve(SILENCE) as silent,
        serve(CONVERSATION.refusing_several_voices()) as refusing,
    ):

        def hold(meeting: _Meeting, seconds: float) -> _Seen:
            return _run((speaking if meeting.speaking else silent).endpoint, meeting, seconds)

        for _ in range(rounds):
            shared.append(hold(_LARGEST, seconds))
            separate.append(_run(refusing.endpoint, _LARGEST, seconds))
        meetings = [_TWICE_AS_LARGE, *(_SILENT if quick else _MORE)]
        others = [(meeting, hold(meeting, shortest)) for meeting in meetings if meeting != _LARGEST]
    several = [
        _figure("connections", shared, separate, lambda seen: seen.connections, bound=0.34),
        _figure("threads", shared, separate, lambda seen: seen.threads, bound=0.5),
        _figure("CPU", shared, separate, lambda seen: seen.cores, goal=0.45),
        _figure("memory", shared, separate, lambda seen: seen.memory_mb, bound=1.0),
    ]
    typical = sorted(shared, key=lambda seen: seen.cores)[len(shared) // 2]
    sizes = [figure for one in [(_LARGEST, typical), *others] for figure in _figures(*one)]
    return [Result("a meeting of 12 speakers in 4 languages", several), Result("meetings", sizes)]


def _figures(meeting: _Meeting, seen: _Seen) -> list[Figure]:
    goal = _GOALS_CORES[meeting.people] if meeting in (_LARGEST, _TWICE_AS_LARGE) else None
    beside = f"{seen.memory_mb:.1f} MB, {seen.threads} threads"
    figures = [Figure(f"CPU, {meeting.name}", seen.cores, "cores", beside=beside, goal=goal)]
    if goal is not None:
        said = meeting.voices * seen.seconds / CONVERSATION.period_seconds * CONVERSATION.voice_seconds
        figures.append(
            Figure(f"voices heard, {meeting.name}", seen.voice_seconds / said, "of all", 0.95, at_least=True)
        )
    return figures


def _figure(
    name: str,
    shared: Sequence[_Seen],
    separate: Sequence[_Seen],
    part: Callable[[_Seen], float],
    *,
    bound: float | None = None,
    goal: float | None = None,
) -> Figure:
    times = median([part(ours) / part(other) for ours, other in zip(shared, separate, strict=True)])
    beside = f"{median(list(map(part, shared))):.2f} and {median(list(map(part, separate))):.2f}"
    return Figure(
        f"{name} of a meeting, to a connection per language", times, "times", bound, beside=beside, goal=goal
    )


def _run(endpoint: str, meeting: _Meeting, seconds: float) -> _Seen:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.meeting", endpoint, str(seconds), json.dumps(asdict(meeting))],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=environment(),
        timeout=_SETTLING_SECONDS + seconds + 60,
    )
    return _Seen(**json.loads(done.stdout.splitlines()[-1]))


class _Output(PlainTrack):
    def __init__(self, room: _Room) -> None:
        super().__init__()
        self._room = room

    async def play(self, frame: rtc.AudioFrame) -> None:
        self._room.voice_seconds += frame.duration
        await asyncio.sleep(frame.duration)


class _Room(PlainRoom):
    """Everybody hears the others.

    Attributes:
        voice_seconds: How much of voices was played.
    """

    def __init__(self, meeting: _Meeting) -> None:
        super().__init__()
        self.voice_seconds = 0.0
        self._meeting = meeting
        self._pcm = speech() if meeting.speaking else noise()

    def members(self) -> list[Member]:
        return [
            Member(
                f"person-{number}",
                {"language": LANGUAGES[number % self._meeting.languages]},
                publishes=True,
                tracks=(f"track-{number}",),
            )
            for number in range(self._meeting.people)
        ]

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        now = asyncio.get_running_loop().time
        due = now()
        # Nobody says the same as another at the same time.
        at = hash(track) % len(self._pcm) // _FRAME_BYTES * _FRAME_BYTES
        while True:
            due += FRAME_MS / 1000
            await asyncio.sleep(due - now())
            yield rtc.AudioFrame(self._pcm[at : at + _FRAME_BYTES], RATE_HZ, 1, _FRAME_BYTES // 2)
            at = (at + _FRAME_BYTES) % len(self._pcm)

    async def publish(self, route: Route, sample_rate: int) -> _Output:
        return _Output(self)


def speech() -> bytes:
    return _whole_frames(Voice.from_wav(_RECORDING).pcm)


def noise() -> bytes:
    samples = np.random.default_rng(1).normal(0, _MICROPHONE_NOISE, 10 * RATE_HZ)
    return _whole_frames(samples.astype("<i2").tobytes())


def _whole_frames(pcm: bytes) -> bytes:
    return pcm[: len(pcm) // _FRAME_BYTES * _FRAME_BYTES]


async def _meet(endpoint: str, seconds: float, meeting: _Meeting) -> None:
    """Print what the process uses, and end it without the time that closing takes."""
    process, room = psutil.Process(), _Room(meeting)
    memory_before, threads_before = process.memory_info().rss, process.num_threads()
    interpreter = MeetingInterpreter(
        speech_key="any",
        speech_endpoint=endpoint,
        catch_up="none",
        max_lag_seconds=None,
        skip_silence=meeting.skip_silence,
        latency=meeting.latency,
    )
    started: Any = room
    interpreter._start(started, MeetingRecording(None))
    await asyncio.sleep(_SETTLING_SECONDS)
    cpu_before, voice_before = sum(process.cpu_times()[:2]), room.voice_seconds
    began_at = time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began_at
    seen = _Seen(
        connections=interpreter.open_streams,
        threads=process.num_threads() - threads_before,
        cores=(sum(process.cpu_times()[:2]) - cpu_before) / took,
        memory_mb=(process.memory_info().rss - memory_before) / 1e6,
        voice_seconds=room.voice_seconds - voice_before,
        seconds=took,
    )
    print(json.dumps(asdict(seen)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("endpoint")
    parser.add_argument("seconds", type=float)
    parser.add_argument("meeting", type=json.loads)
    options = parser.parse_args()
    asyncio.run(_meet(options.endpoint, options.seconds, _Meeting(**options.meeting)))
