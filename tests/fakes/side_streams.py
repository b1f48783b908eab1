"""Side streams without a connection: what they were given, and utterances and ends that a test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from livekit import rtc

from livekit_plugins_azure_interpreter._voices.utterance import Utterance
from livekit_plugins_azure_interpreter.options import Options


class FakeSideStream:
    """One side stream: the whole port.

    Attributes:
        options: What it was opened with, and later told.
        start_seconds: Where its audio begins.
        came: Takes its utterances.
        heard: All audio that it was given.
        flushed: How many bytes were heard before each flush.
        input_ended, closed: What was called.
        waits_at_end: It brings voices after its input has ended, until `end` is called.
    """

    def __init__(self, options: Options, start_seconds: float, came: Callable[[Utterance], None]) -> None:
        self.options = [options]
        self.start_seconds = start_seconds
        self.came = came
        self.heard = b""
        self.flushed: list[int] = []
        self.input_ended = self.closed = self.waits_at_end = False
        self._ended = asyncio.Event()
        self._error: Exception | None = None

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        self._check()
        self.heard += bytes(frame.data)

    def flush(self) -> None:
        self._check()
        self.flushed.append(len(self.heard))

    def end_input(self) -> None:
        self._check()
        self.input_ended = True
        if not self.waits_at_end:
            self._ended.set()

    def go_over_to(self, options: Options) -> None:
        self.options.append(options)

    def withdraw_own_voice(self, instead: Options) -> None:
        self.options.append(self.options[-1].without_own_voice(instead))

    async def __aiter__(self) -> AsyncIterator[Any]:
        yield "an event"
        await self._ended.wait()
        if self._error is not None:
            raise self._error

    async def aclose(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)  # a connection is not closed at once
        self.closed = True

    def end(self, error: Exception | None = None) -> None:
        """It ends by itself."""
        self._error = error
        self._ended.set()

    def _check(self) -> None:
        if self._ended.is_set():
            raise RuntimeError("the stream is closed")


class FakeSides:
    """Opens them; give it to `SideStreams`.

    Attributes:
        opened: All of them, in order.
    """

    def __init__(self) -> None:
        self.opened: list[FakeSideStream] = []

    def __call__(
        self, options: Options, start_seconds: float, came: Callable[[Utterance], None]
    ) -> FakeSideStream:
        self.opened.append(FakeSideStream(options, start_seconds, came))
        return self.opened[-1]

    def of(self, language: str) -> FakeSideStream:
        """The newest one of a language."""
        return next(one for one in reversed(self.opened) if one.options[0].target_languages == (language,))
