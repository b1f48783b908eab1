"""Measures a translation that a TTS speaks which knows nothing of translations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

from livekit import rtc

from .._voices.meter import Meter
from .._voices.utterance import Clause, Translation


class MeasuredSpeech:
    """One speech: its text on the way to the TTS, and its sound on the way to the listener."""

    def __init__(self) -> None:
        self._meter: Meter | None = None
        self._now = asyncio.get_running_loop().time

    async def text(self, pieces: AsyncIterable[str]) -> AsyncIterator[str]:
        """The same pieces; they tell which utterance they are of."""
        async for piece in pieces:
            if self._meter is None and isinstance(piece, (Clause, Translation)):
                self._meter = piece.utterance.meter
                self._meter.asked(self._now(), backlog_seconds=0.0)
            yield piece

    async def sound(self, frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        """The same frames."""
        async for frame in frames:
            if self._meter is not None:
                self._meter.sounded(self._now(), frame.duration, by_fallback=True)
            yield frame
