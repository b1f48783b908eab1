"""The side streams of a stream: one for the voice of each further spoken language.

They are open where the service voices one language per connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from livekit import rtc

from .._voices.utterance import Utterance
from ..log import logger
from ..options import Options

_OPEN_AGAIN_SECONDS = 5.0
"""A side stream that has failed is opened again after this time."""
_LAST_VOICES_SECONDS = 30.0
"""How long the end of a stream waits for the voices of its side streams."""


class SideStream(Protocol):
    """The port: what is used of a side stream."""

    def push_frame(self, frame: rtc.AudioFrame) -> None: ...

    def flush(self) -> None: ...

    def end_input(self) -> None: ...

    def go_over_to(self, options: Options) -> None: ...

    def withdraw_own_voice(self, instead: Options) -> None: ...

    def __aiter__(self) -> AsyncIterator[Any]: ...

    async def aclose(self) -> None: ...


_SAMPLE_SECONDS = 1 / 48000
"""Positions are rounded, by less than this."""

OpenSide = Callable[[Options, float, Callable[[Utterance], None]], SideStream]
"""Opens a side stream: its options, where its audio begins (seconds), and what takes its utterances."""


class _Side:
    """One side stream, and how much it has heard.

    Attributes:
        options: What it was last told.
        heard_seconds: The position up to which it was given the audio.
        reading: Reads its events to its end.
    """

    def __init__(self, stream: SideStream, options: Options, position: float) -> None:
        self.stream = stream
        self.options = options
        self.heard_seconds = position
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for _ in self.stream:
                pass
        finally:
            await self.stream.aclose()


class SideStreams:
    """Opened, fed and closed with the stream.

    Args:
        open_side: Opens one.
        came: Called with the language and each utterance that a side stream recognizes.
    """

    def __init__(self, open_side: OpenSide, came: Callable[[str, Utterance], None]) -> None:
        self._open_side = open_side
        self._came = came
        self._sides: dict[str, _Side] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._wanted: dict[str, Options] = {}
        self._open_again_at: dict[str, float] = {}
        self._pushed_seconds = 0.0

    def take_pushed_seconds(self) -> float:
        """How much audio they were given, all together, since this was asked last."""
        seconds, self._pushed_seconds = self._pushed_seconds, 0.0
        return seconds

    def serve(self, options: Options, position: float) -> None:
        """From this position on, have the further languages of these options voiced."""
        self._wanted = options.of_side_connections()
        for language in self._sides.keys() - self._wanted.keys():
            self._leave(self._sides.pop(language))
        for language, wanted in self._wanted.items():
            side = self._sides.get(language)
            if side is None:
                self._open(language, position)
            elif side.options != wanted:
                side.options = wanted
                side.stream.go_over_to(wanted)

    def withdraw_own_voice(self, instead: Options) -> None:
        """Ask for the voices of these options instead of the speaker's own."""
        self._wanted = {
            language: options.without_own_voice(instead) for language, options in self._wanted.items()
        }
        for side in self._sides.values():
            side.stream.withdraw_own_voice(instead)

    def push(self, position: float, pcm: bytes) -> None:
        """Audio of the stream, at a position; what one has heard already is not pushed again."""
        if not self._wanted:
            return
        self._open_those_that_failed(position)
        for side in self._sides.values():
            if position > side.heard_seconds - _SAMPLE_SECONDS:
                rate = side.options.sample_rate
                seconds = len(pcm) / 2 / rate
                side.heard_seconds = position + seconds
                with contextlib.suppress(RuntimeError):  # it has just failed
                    side.stream.push_frame(rtc.AudioFrame(pcm, rate, 1, len(pcm) // 2))
                    self._pushed_seconds += seconds

    def flush(self) -> None:
        """End the utterance here."""
        for side in self._sides.values():
            with contextlib.suppress(RuntimeError):
                side.stream.flush()

    async def finish(self) -> None:
        """The audio has ended: wait for the last voices."""
        while self._sides:
            self._leave(self._sides.popitem()[1])
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=_LAST_VOICES_SECONDS)

    def close(self) -> None:
        """Close them at once, without waiting for it: the STT does when it is closed."""
        self._wanted = {}
        while self._sides:
            reading = self._sides.popitem()[1].reading
            self._leaving.add(reading)
            reading.add_done_callback(self._leaving.discard)
        for reading in self._leaving:
            reading.cancel()

    def _open(self, language: str, position: float) -> None:
        options = self._wanted[language]
        stream = self._open_side(options, position, lambda utterance: self._came(language, utterance))
        side = self._sides[language] = _Side(stream, options, position)
        side.reading.add_done_callback(lambda reading: self._ended(language, side, reading))

    def _open_those_that_failed(self, position: float) -> None:
        now = asyncio.get_running_loop().time()
        for language in self._wanted.keys() - self._sides.keys():
            if self._open_again_at.get(language, 0.0) <= now:
                self._open(language, position)

    def _ended(self, language: str, side: _Side, reading: asyncio.Task[None]) -> None:
        if not reading.cancelled() and (error := reading.exception()) is not None:
            logger.warning("the voices in %s are interrupted: %s", language, error)
        if self._sides.get(language) is side:
            del self._sides[language]
            self._open_again_at[language] = asyncio.get_running_loop().time() + _OPEN_AGAIN_SECONDS

    def _leave(self, side: _Side) -> None:
        """It gets no more audio, and brings the voices of what it has heard."""
        if not side.reading.done():
            with contextlib.suppress(RuntimeError):
                side.stream.end_input()
            self._leaving.add(side.reading)
            side.reading.add_done_callback(self._leaving.discard)
