"""What a participant sees of the face of an avatar."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fakes.limits import within
from fakes.stage import openness
from livekit import rtc

from .participant import Participant


class Eyes:
    """Watches the avatar's face.

    Attributes:
        mouths: How far the mouth was open in each picture that came.
    """

    def __init__(self, participant: Participant) -> None:
        self.mouths: list[float] = []
        self._changed = asyncio.Event()
        self._watching: list[asyncio.Task[None]] = []
        participant.room.on("track_subscribed", self._subscribed)

    def _subscribed(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            self._watching.append(asyncio.create_task(self._watch(track)))

    async def _watch(self, track: rtc.Track) -> None:
        stream = rtc.VideoStream(track)
        try:
            async for event in stream:
                self.mouths.append(openness(event.frame))
                self._changed.set()
        finally:
            await stream.aclose()

    async def until(self, seen: Callable[[float], bool]) -> None:
        """Wait for a picture in which the mouth is so."""

        async def wait() -> None:
            while not (self.mouths and seen(self.mouths[-1])):
                self._changed.clear()
                await self._changed.wait()

        await within(wait())

    async def aclose(self) -> None:
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
