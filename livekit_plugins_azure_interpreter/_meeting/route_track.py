"""Plays the speech of one route on a track; if the track fails, goes on where it failed on another one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable
from typing import Literal

from livekit import rtc

from .planner import Route
from .room import Output, Room

_MAX_BROKEN_TRACKS = 3
"""After so many failed tracks a speech is given up: the speech may cause the fault."""


class RouteTrack:
    """Plays each frame once and in order, on as many tracks as necessary.

    Args:
        route: The route that the track carries.
        room: The room in which it is published.
        sample_rate: The rate of the frames, in Hz.
        failed: Called with the error of a track; returns how many seconds to wait for the next attempt.
    """

    def __init__(
        self, route: Route, room: Room, sample_rate: int, *, failed: Callable[[Exception], float]
    ) -> None:
        self._route = route
        self._room = room
        self._sample_rate = sample_rate
        self._failed = failed
        self._output: Output | None = None
        self._unplayed: deque[rtc.AudioFrame] = deque()
        self._broken_tracks = 0

    async def open(self) -> Output:
        """The published track. If the room refuses it, it is tried again until the room accepts it."""
        while self._output is None:
            try:
                self._output = await self._room.publish(self._route, self._sample_rate)
            except Exception as error:
                await asyncio.sleep(self._failed(error))
        return self._output

    async def play(
        self, frames: AsyncIterable[rtc.AudioFrame], *, is_late: Callable[[], bool]
    ) -> Literal["late", "failed"] | None:
        """Play a speech to its end.

        Args:
            frames: The frames of the speech. Their errors are raised.
            is_late: Whether it is too late to go on; asked when another track is there.

        Returns:
            Why the rest is not heard; None if all was heard.
        """
        self._unplayed.clear()
        self._broken_tracks = 0
        async for frame in frames:
            self._unplayed.append(frame)
            if (reason := await self._play(is_late)) is not None:
                return reason
        return await self._play(is_late, to_the_end=True)

    async def aclose(self) -> None:
        """Take the track out of the room. `open` and `play` publish another one."""
        output, self._output = self._output, None
        if output is not None:
            await output.aclose()

    async def _play(
        self, is_late: Callable[[], bool], *, to_the_end: bool = False
    ) -> Literal["late", "failed"] | None:
        while True:
            output = await self.open()
            try:
                while self._unplayed:
                    await output.play(self._unplayed.popleft())
                if to_the_end:
                    await output.played()
            except Exception as error:
                await self._replace(output, error)
            else:
                return None
            if is_late():
                return "late"
            if self._broken_tracks == _MAX_BROKEN_TRACKS:
                return "failed"

    async def _replace(self, output: Output, error: Exception) -> None:
        """Publish another track, which first plays the unheard audio of the broken one."""
        self._broken_tracks += 1
        seconds = self._failed(error)
        try:
            self._unplayed.extendleft(reversed(output.unheard()))
        finally:
            await self.aclose()
        await asyncio.sleep(seconds)
        await self.open()
