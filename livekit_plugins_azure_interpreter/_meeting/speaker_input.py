"""Reads one speaker's audio from all of their tracks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from livekit import rtc
from livekit.agents import utils

from ..log import logger
from .mixer import Mixer
from .room import RATE_HZ, Room


class SpeakerInput:
    """Listens to all tracks of one speaker at once, so that no word is heard twice or in two streams.

    Args:
        room: Where the tracks are.
        said: Called with the speech, frame by frame.
    """

    def __init__(self, room: Room, said: Callable[[rtc.AudioFrame], None]) -> None:
        self._room = room
        self._said = said
        self._mixer = Mixer(RATE_HZ)
        self._listening: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def listen_to(self, tracks: Collection[str]) -> None:
        """Listen to these tracks from now on, and to no others."""
        self._say(self._mixer.listen_to(tracks))
        for track in self._listening.keys() - set(tracks):
            self._leave(self._listening.pop(track))
        for track in tracks:
            if track not in self._listening or self._listening[track].done():
                self._listening[track] = asyncio.create_task(self._listen(track))

    async def aclose(self) -> None:
        """Stop listening."""
        self.listen_to(())
        await asyncio.gather(*self._leaving)

    def _leave(self, listening: asyncio.Task[None]) -> None:
        leaving = asyncio.create_task(utils.aio.cancel_and_wait(listening))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    @utils.log_exceptions(logger=logger)
    async def _listen(self, track: str) -> None:
        async for frame in self._room.listen(track):
            if track in self._listening:
                pcm = bytes(frame.data)
                mixed = self._mixer.push(track, pcm)
                if mixed is pcm:
                    self._said(frame)
                else:
                    self._say(mixed)

    def _say(self, pcm: bytes) -> None:
        if pcm:
            self._said(rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2))
