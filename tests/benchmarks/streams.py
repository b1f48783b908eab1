"""What is measured, seen as streams that take frames; and the microphones that push into them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from livekit import rtc

from .stamps import FRAME_BYTES, FRAME_SECONDS, stamped

_MOST_GROUPS = 10
"""Microphones are not in step: each group begins a tenth of a frame after the one before."""
_JITTER_BUFFER_SECONDS = 0.1
_NOISE = bytes([0x40, 0x06]) * (FRAME_BYTES // 2)


@dataclass
class Heard:
    """What a stream gave back.

    Attributes:
        voice_ms: Per voice, from its first byte on the wire until it was handed over here.
        further_voice_ms: The same of the voices in languages beside the first.
        sound_at: When each voice began here (`time.monotonic`).
        finals: How many final results came.
        voice_seconds: How much voice was handed over.
        stalls: Voices that paused for longer than what had come of them and a jitter buffer cover.
    """

    voice_ms: list[float] = field(default_factory=list)
    further_voice_ms: list[float] = field(default_factory=list)
    sound_at: list[float] = field(default_factory=list)
    finals: int = 0
    voice_seconds: float = 0.0
    stalls: int = 0


class Stream(Protocol):
    """One speaker's way through a recognizer."""

    heard: Heard

    def push(self, frame: rtc.AudioFrame) -> None: ...

    async def aclose(self) -> None: ...


OpenStream = Callable[[], Awaitable[Stream]]


class Playback:
    """Tells whether a voice would have stalled a listener who hears it as it comes."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._began_at = 0.0
        self._seconds = 0.0
        self._stalled = False

    def take(self, seconds: float) -> None:
        now = time.monotonic()
        self._began_at = self._began_at or now
        if not self._stalled and now > self._began_at + self._seconds + _JITTER_BUFFER_SECONDS:
            self._stalled = True
            self._heard.stalls += self._seconds > 0
        self._seconds += seconds
        self._heard.voice_seconds += seconds


@dataclass
class Pushed:
    """When frames were pushed: per frame how late (ms), and when the first stream's were."""

    late_ms: list[float] = field(default_factory=list)
    at: list[float] = field(default_factory=list)


async def speak(
    streams: Sequence[Stream], seconds: float, pushed: Pushed, *, starting_seconds: float = 0.0
) -> None:
    """Push 20 ms frames into all streams, at the pace of speech.

    They begin one after the other within `starting_seconds`: people in many rooms do not speak in chorus.
    """
    groups = min(len(streams), _MOST_GROUPS)
    began_at = time.monotonic()
    for tick in range(round(seconds / FRAME_SECONDS) * groups):
        due = began_at + tick * FRAME_SECONDS / groups
        await asyncio.sleep(due - time.monotonic())
        passed = (due - began_at) / starting_seconds if starting_seconds else 1.0
        started = min(len(streams), 1 + int(passed * len(streams)))
        for stream in streams[tick % groups : started : groups]:
            stream.push(rtc.AudioFrame(stamped(_NOISE), 16000, 1, FRAME_BYTES // 2))
            pushed.late_ms.append((time.monotonic() - due) * 1000)
        if tick % groups == 0:
            pushed.at.append(time.monotonic())
