"""The asyncio half of synthesis: one synthesizer's life and the deadlines of what it speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, Protocol

from livekit.agents import APIConnectionError

from ..credentials import TokenError
from ..log import logger
from ..options import SpeakingOptions
from .closing import begin_to_close, until_closed
from .events import (
    BUSY,
    TIMED_OUT,
    Connected,
    Disconnected,
    Failed,
    SynthesisChunk,
    SynthesisCompleted,
    SynthesisEvent,
    SynthesisStarted,
    WordBoundary,
)
from .threads import in_thread, post_to

CLOSE_SECONDS = 2.5
"""Stopping takes up to 1.2 s while Azure is silent; after this time the thread is abandoned."""
_STEADY_SECONDS = 10.0
"""A connection that Azure closed is made again ahead of the next text, unless it lived for less."""
_CONNECTING_SECONDS = 1.0
"""How long a text waits for a connection that is being made. Without the wait the SDK would make
a second one; it does not report that the first one failed."""
_BUSY_SECONDS = 0.5
"""After a stopped text, the first sound of the next text must come within this time, else it is `BUSY`. Azure
may send the rest of the stopped voice first on the kept connection; this is not known."""


class Synthesizer(Protocol):
    """The port: the parts of a synthesizer that are used. `AzureSynthesizer` is the real one."""

    def open(self) -> None: ...

    def speak(self, ssml: str) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


OpenSynthesizer = Callable[[SpeakingOptions, Callable[[SynthesisEvent], None]], Synthesizer]


class Synthesis:
    """One synthesizer, opened and closed off the loop, with its events on the loop.

    Args:
        open_synthesizer: Makes the synthesizer.
        options: The options of every text.
        ahead: Connect now, not with the first text.
        dropped: Called when it cannot be opened, or its connection is closed, while it speaks nothing.

    Attributes:
        usable: It can speak another text.
        failed: It gave up, or sent nothing in time.
        was_busy: It failed because it continued with a stopped text.
    """

    def __init__(
        self,
        open_synthesizer: OpenSynthesizer,
        options: SpeakingOptions,
        dropped: Callable[[Synthesis], None],
        *,
        ahead: bool = False,
    ) -> None:
        self._open_synthesizer = open_synthesizer
        self._options = options
        self._dropped = dropped
        self._ahead = ahead
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[SynthesisEvent | None] = asyncio.Queue()
        self._closed = False
        self._closing: asyncio.Task[None] | None = None
        self._speaking = False
        self._request_id = ""
        self._timeout_seconds = 0.0
        self._connected_at = float("inf")
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._connects_until = self._loop.time() + (_CONNECTING_SECONDS if ahead else 0.0)
        self.usable = True
        self.failed = False
        self.was_busy = False
        self._opening = in_thread(self._open, name="azure-synthesizer-open")
        self._opening.add_done_callback(self._opened)
        self._asking: asyncio.Future[None] | None = None
        self._stopping: asyncio.Future[None] | None = None
        self._is_stale = False  # the events still belong to a stopped text
        self._gave_up: asyncio.Future[None] = self._loop.create_future()
        self._watchdog: asyncio.TimerHandle | None = None

    @property
    def was_steady(self) -> bool:
        """It was connected for a while."""
        return self._loop.time() - self._connected_at >= _STEADY_SECONDS

    @property
    def was_stopped(self) -> bool:
        """Its last text was stopped in the middle."""
        return self._is_stale

    async def speak(self, ssml: str, *, timeout_seconds: float) -> AsyncGenerator[SynthesisEvent, None]:
        """Speak one text. Yields its events, up to `SynthesisCompleted` or `Failed`.

        If the iteration ends early, the text is stopped and the connection is kept for the next text.

        Args:
            ssml: The text.
            timeout_seconds: The first sound, and each piece after it, must come within this; else it is
                `Failed`.

        Raises:
            APIConnectionError: There is no token, or this was closed.
        """
        self._speaking, self.usable = True, False
        self._request_id = ""  # not known yet: a late word belongs to the previous text
        # No wait_for: before Python 3.12 it can swallow the reader's cancellation.
        self._timeout_seconds = timeout_seconds
        self._watch_first_sound()
        ended = False
        try:
            await self._ask(ssml)
            while not isinstance(event := await self._next(), (SynthesisCompleted, Failed)):
                yield event
            ended = True
            self.usable = isinstance(event, SynthesisCompleted) and not self._closed
            self.failed = isinstance(event, Failed)
            yield event
        finally:
            self._speaking = False
            if self._watchdog is not None:
                self._watchdog.cancel()
            if not (ended or self.failed):
                self._stop()

    async def aclose(self) -> None:
        """Stop at once. Returns when it has closed, within `CLOSE_SECONDS`."""
        if self._closing is None:
            self._closed, self.usable = True, False
            self._events.put_nowait(None)  # wakes the reader
            _settle(self._gave_up)
            self._closing = begin_to_close(self._close(), "an Azure synthesizer", CLOSE_SECONDS)
        await until_closed(self._closing)

    def abandon(self) -> asyncio.Future[None] | None:
        """Stop at once, from another loop, after its own loop has ended. Done when it has stopped."""
        self._closed, self.usable = True, False
        if not self._opening.done() or self._opening.cancelled() or self._opening.exception() is not None:
            return None
        return in_thread(self._opening.result().close, name="azure-synthesizer-close")

    async def _ask(self, ssml: str) -> None:
        """Ask for the text, unless the synthesizer has failed already."""
        either: set[asyncio.Future[Any]] = {self._opening, self._gave_up}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._opening.done():
            return
        try:
            synthesizer = self._opening.result()
        except TokenError as error:
            self.failed = True
            raise APIConnectionError(str(error)) from None
        except Exception as error:
            self._take(_sdk_failed(error))
            return
        await self._wait_for_stop()
        await self._wait_for_connection()
        if not self._gave_up.done():
            self._asking = in_thread(partial(synthesizer.speak, ssml), name="azure-synthesizer-speak")
            self._asking.add_done_callback(self._asked)

    def _stop(self) -> None:
        """Stop the abandoned text; then the SDK can speak another one."""
        if self._asking is None or self._closed:
            return
        self._is_stale = self.usable = True
        while not self._events.empty():
            self._events.get_nowait()
        self._stopping = asyncio.ensure_future(self._stop_asked(self._asking))
        self._stopping.add_done_callback(self._stopped)

    async def _stop_asked(self, asking: asyncio.Future[None]) -> None:
        await asyncio.wait({asking})
        await in_thread(self._opening.result().stop, name="azure-synthesizer-stop")

    def _stopped(self, stopping: asyncio.Future[None]) -> None:
        if not stopping.cancelled() and stopping.exception() is not None:
            logger.warning("an Azure synthesizer did not stop speaking; the next text uses another one")
            self._drop()

    async def _wait_for_stop(self) -> None:
        if self._stopping is not None:
            either: set[asyncio.Future[Any]] = {self._stopping, self._gave_up}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)

    async def _wait_for_connection(self) -> None:
        seconds = self._connects_until - self._loop.time()
        if seconds > 0:
            await asyncio.wait(
                {self._connected, self._gave_up}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )

    def _opened(self, opening: asyncio.Future[Synthesizer]) -> None:
        if not opening.cancelled() and opening.exception() is not None and not self._speaking:
            self._drop()

    def _asked(self, asking: asyncio.Future[None]) -> None:
        if not asking.cancelled() and (error := asking.exception()) is not None:
            self._take(_sdk_failed(error))

    async def _next(self) -> SynthesisEvent:
        event = await self._events.get()
        if event is None:
            raise closed_error()
        return event

    def _watch_first_sound(self) -> None:
        if self._is_stale and self._timeout_seconds > _BUSY_SECONDS:
            busy = Failed(BUSY, "Azure Speech still speaks the previous text")
            self._watchdog = self._loop.call_later(_BUSY_SECONDS, self._give_up, busy)
        else:
            self._watch("did not speak")

    def _give_up(self, failed: Failed) -> None:
        self._is_stale, self.was_busy = False, failed.code == BUSY
        self._take(failed)

    def _watch(self, otherwise: str) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        failed = Failed(TIMED_OUT, f"Azure Speech {otherwise} within {self._timeout_seconds:.1f} s")
        self._watchdog = self._loop.call_later(self._timeout_seconds, self._give_up, failed)

    def _open(self) -> Synthesizer:
        synthesizer = self._open_synthesizer(self._options, self._post)
        try:
            if self._ahead:
                synthesizer.open()
        except BaseException:
            synthesizer.close()
            raise
        return synthesizer

    def _post(self, event: SynthesisEvent) -> None:
        """Called on the SDK's threads."""
        if not self._closed:
            post_to(self._loop, self._take, event)

    def _take(self, event: SynthesisEvent) -> None:
        if self._closed:
            return
        if isinstance(event, Connected):
            self._connected_at = self._loop.time()
            _settle(self._connected)
        elif isinstance(event, Disconnected):
            if not self._speaking:
                self._drop()
        elif self._speaking and not self._stale(event):
            if isinstance(event, Failed):
                _settle(self._gave_up)
            elif isinstance(event, SynthesisChunk):
                self._watch("did not go on speaking")
            elif isinstance(event, SynthesisStarted):
                self._request_id = event.request_id
            if not (isinstance(event, WordBoundary) and event.request_id != self._request_id):
                self._events.put_nowait(event)

    def _stale(self, event: SynthesisEvent) -> bool:
        if isinstance(event, SynthesisStarted):
            self._is_stale = False
        return self._is_stale

    def _drop(self) -> None:
        self.usable = False
        self._dropped(self)

    async def _close(self) -> None:
        try:
            synthesizer = await self._opening
        except Exception:  # `speak` reports it
            return
        for under_way in (self._asking, self._stopping):
            if under_way is not None:
                await asyncio.wait({under_way})
        await in_thread(synthesizer.close, name="azure-synthesizer-close")


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _sdk_failed(error: BaseException) -> Failed:
    """A failure without the exception's text, which may quote an endpoint."""
    return Failed("RuntimeError", type(error).__name__)


def closed_error() -> APIConnectionError:
    return APIConnectionError("the PersonalVoiceTTS was closed", retryable=False)
