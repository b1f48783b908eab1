"""Plays the speech of one route on a track; if the track fails, goes on where it failed on another one."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterable, Callable
from typing import Literal

from livekit import rtc
from livekit.agents import utils

from ..log import logger
from .planner import Route
from .room import Output, Room

_MAX_BROKEN_TRACKS = 3
"""After so many failed tracks a speech is given up: the speech may cause the fault."""


class RouteTrack:
    """Plays each frame once and in order, on as many tracks as necessary.

    A track on which nobody has spoken for long is given up, because LiveKit encodes silence, too, which takes
    CPU. Another one is published as soon as the speaker speaks, long before the translation sounds. It is
    kept for twice as long, and so on: LiveKit leaves a thread behind for each track that is given up.

    Args:
        route: The route that the track carries.
        room: The room in which it is published.
        sample_rate: The rate of the frames, in Hz.
        silent_seconds: For how long the first track is kept without a voice; None: for ever.
        failed: Called with the error of a track; returns how many seconds to wait for the next attempt.
        opened: Called when a track is there for what will be said.
    """

    def __init__(
        self,
        route: Route,
        room: Room,
        sample_rate: int,
        *,
        silent_seconds: float | None,
        failed: Callable[[Exception], float],
        opened: Callable[[], None],
    ) -> None:
        self._route = route
        self._room = room
        self._sample_rate = sample_rate
        self._failed, self._opened = failed, opened
        self._output: Output | None = None
        self._publishing = asyncio.Lock()
        self._opening: asyncio.Task[None] | None = None
        self._unplayed: deque[rtc.AudioFrame] = deque()
        self._broken_tracks = 0
        self._is_playing = False
        self._kept_seconds = math.inf if silent_seconds is None else silent_seconds
        self._used_at = 0.0
        self._looking: asyncio.TimerHandle | None = None
        self._leaving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Have a published track. If the room refuses it, it is tried again until the room accepts it."""
        await self._open()
        self._opened()

    def expect(self) -> None:
        """The speaker speaks: have a published track soon, so that listeners have it before the voice."""
        self._use()
        is_opening = self._opening is not None and not self._opening.done()
        if self._output is None and not (is_opening or self._is_playing):
            self._opening = asyncio.create_task(utils.log_exceptions(logger=logger)(self.open)())

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
        self._is_playing = True
        try:
            async for frame in frames:
                self._unplayed.append(frame)
                if (reason := await self._play(is_late)) is not None:
                    return reason
            return await self._play(is_late, to_the_end=True)
        finally:
            self._is_playing = False
            self._use()

    async def aclose(self) -> None:
        """Take the track out of the room. `open`, `expect` and `play` publish another one."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self._opening is not None:
            await utils.aio.cancel_and_wait(self._opening)
        if self._leaving is not None:
            await asyncio.wait({self._leaving})
        await self._close()

    async def _open(self) -> Output:
        if self._output is not None:
            return self._output
        async with self._publishing:
            while self._output is None:
                try:
                    self._output = await self._room.publish(self._route, self._sample_rate)
                except Exception as error:
                    await asyncio.sleep(self._failed(error))
        self._use()
        self._look_later()
        return self._output

    async def _close(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            await output.aclose()

    async def _play(
        self, is_late: Callable[[], bool], *, to_the_end: bool = False
    ) -> Literal["late", "failed"] | None:
        while True:
            output = await self._open()
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
            await self._close()
        await asyncio.sleep(seconds)
        await self._open()

    # Silence

    def _use(self) -> None:
        self._used_at = asyncio.get_running_loop().time()

    def _look_later(self) -> None:
        """Look when it may have been silent for long."""
        if self._looking is None and self._kept_seconds < math.inf:
            at = self._used_at + self._kept_seconds
            self._looking = asyncio.get_running_loop().call_at(at, self._look)

    def _look(self) -> None:
        self._looking = None
        # LiveKit would publish a track again that was given up while the connection is lost.
        if self._is_playing or not self._room.is_connected:
            self._use()
        output = self._output
        if output is None:
            return
        if asyncio.get_running_loop().time() < self._used_at + self._kept_seconds:
            self._look_later()
            return
        self._kept_seconds *= 2
        self._output = None
        self._leaving = asyncio.create_task(self._give_up(output))

    async def _give_up(self, output: Output) -> None:
        try:
            await output.aclose()
        except Exception:
            # Nobody needs it any more, and the next one is not affected.
            logger.exception("the track %s, which was silent for long, was not taken out", self._route.name)
