"""One published track of the interpreter. It plays again what a lost connection cut off."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from livekit import rtc

from .._within import within
from ..log import logger
from .planner import Route

QUEUE_MS = 400
"""How much of a voice is handed to LiveKit ahead of time; a frame of a TTS is half as long."""

_UNNOTICED_SECONDS = 0.5
"""Audio that was sent this shortly before a loss was noticed did not arrive, and is sent again."""
_SUBSCRIBED_SECONDS = 2.0
"""A voice waits for a listener's subscription until so long after the publication: its beginning is heard."""


class OutputTrack:
    """The `Output` of `room.py`.

    Args:
        route: The route that it carries.
        source: Takes its frames, and queues QUEUE_MS of them.
        publication: Its publication in the room.
        until_audible: Waits until the listeners of a route can hear it.
        unpublish: Takes a track out of the room.
    """

    def __init__(
        self,
        route: Route,
        source: rtc.AudioSource,
        publication: rtc.LocalTrackPublication,
        until_audible: Callable[[Route], Awaitable[None]],
        unpublish: Callable[[OutputTrack], Awaitable[None]],
    ) -> None:
        self.route = route
        self.publication = publication
        self._source = source
        self._until_audible = until_audible
        self._unpublish = unpublish
        self._recent: deque[rtc.AudioFrame] = deque()
        self._unheard: deque[rtc.AudioFrame] = deque()
        self._published_at = asyncio.get_running_loop().time()

    def lost(self) -> None:
        """The connection is lost: the unheard rest of a voice is played when it is back."""
        self._take_back(self._source.queued_duration + _UNNOTICED_SECONDS)

    async def play(self, frame: rtc.AudioFrame) -> None:
        self._unheard.append(frame)
        await self._play_unheard()

    async def played(self) -> None:
        while True:
            await self._play_unheard()
            await self._source.wait_for_playout()
            if not self._unheard:
                self._recent.clear()
                return

    def unheard(self) -> Sequence[rtc.AudioFrame]:
        self._take_back(self._source.queued_duration)
        return tuple(self._unheard)

    def _take_back(self, seconds: float) -> None:
        """The last seconds of what was sent are unheard; nothing stays queued."""
        self._source.clear_queue()
        while self._recent and seconds > 0:
            frame = self._recent.pop()
            self._unheard.appendleft(frame)
            seconds -= frame.duration
        self._recent.clear()

    async def _play_unheard(self) -> None:
        await self._until_subscribed()
        await self._until_audible(self.route)
        while self._unheard:
            await self._send(self._unheard.popleft())
            await self._until_audible(self.route)

    async def _until_subscribed(self) -> None:
        left = self._published_at + _SUBSCRIBED_SECONDS - asyncio.get_running_loop().time()
        if left > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await within(self.publication.wait_for_subscription(), left)

    async def _send(self, frame: rtc.AudioFrame) -> None:
        self._recent.append(frame)
        while sum(one.duration for one in self._recent) > QUEUE_MS / 1000 + _UNNOTICED_SECONDS:
            self._recent.popleft()
        try:
            await self._source.capture_frame(frame)
        except Exception:
            # It is still to be played. If the connection was lost meanwhile, it was taken back already.
            if self._recent and self._recent[-1] is frame:
                self._unheard.appendleft(self._recent.pop())
            raise

    async def aclose(self) -> None:
        self._source.clear_queue()
        try:
            await self._unpublish(self)
        except rtc.participant.UnpublishTrackError as error:
            logger.warning("the track %s was not unpublished: %s", self.route.name, error)
        await self._source.aclose()
