"""A room in which an avatar performs, without a server: its tracks are real, and are watched here."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import numpy as np
from livekit import rtc
from typing_extensions import Self

from .limits import within

_DARK = 70
"""Luma below this is the inside of the mouth; skin is about 206, lips 105."""


def openness(frame: rtc.VideoFrame) -> float:
    """How tall the dark inside of the mouth is in a picture, as a share of its height."""
    luma = np.frombuffer(frame.convert(rtc.VideoBufferType.I420).get_plane(0), np.uint8)
    middle = luma.reshape(frame.height, frame.width)[:, frame.width // 2]
    lower_half_of_face = middle[round(0.58 * frame.height) : round(0.84 * frame.height)]
    return float(np.count_nonzero(lower_half_of_face < _DARK) / frame.height)


def without_silence(pcm: bytes) -> bytes:
    """The samples that sound: a source that is not fed in time plays zeros in between."""
    samples = np.frombuffer(pcm, np.int16)
    return samples[samples != 0].tobytes()


class Audience:
    """Watches a face.

    Attributes:
        mouths: How far the mouth was open in each picture.
    """

    def __init__(self) -> None:
        self.mouths: list[float] = []
        self._watching: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()

    @property
    def mouth(self) -> float:
        """How far it is open now. Before the first picture it is no number: neither open nor closed."""
        return self.mouths[-1] if self.mouths else math.nan

    async def until(self, reached: Callable[[Self], bool]) -> None:
        """Wait until so much was seen, or heard."""

        async def wait() -> None:
            while not reached(self):
                self._changed.clear()
                await self._changed.wait()

        await within(wait())

    async def aclose(self) -> None:
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)

    async def _watch(self, track: rtc.Track) -> None:
        stream = rtc.VideoStream(track)
        try:
            async for event in stream:
                self.mouths.append(openness(event.frame))
                self._changed.set()
        finally:
            await stream.aclose()


class Stage(Audience):
    """The room, as far as LiveKit's AvatarRunner asks for one, and its audience.

    Attributes:
        pcm: What was heard, at 16 kHz.
    """

    def __init__(self) -> None:
        super().__init__()
        self.local_participant = self
        self.pcm = b""

    def isconnected(self) -> bool:
        return True

    def on(self, event: str, callback: Callable[..., None]) -> None:
        """It stays as it is: connected."""

    def off(self, event: str, callback: Callable[..., None]) -> None: ...

    async def publish_track(self, track: rtc.Track, options: rtc.TrackPublishOptions) -> Stage:
        watch = self._watch if isinstance(track, rtc.LocalVideoTrack) else self._listen
        self._watching.append(asyncio.create_task(watch(track)))
        return self

    async def wait_for_subscription(self) -> None:
        """Who publishes here has an audience at once."""

    @property
    def heard(self) -> bytes:
        return without_silence(self.pcm)

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream.from_track(track=track, sample_rate=16000, num_channels=1)
        try:
            async for event in stream:
                self.pcm += bytes(event.frame.data)
                self._changed.set()
        finally:
            await stream.aclose()
