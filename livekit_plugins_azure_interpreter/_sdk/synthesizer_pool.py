"""A pool of connected synthesizers, reused for one text after another."""

from __future__ import annotations

import asyncio

from ..log import logger
from ..options import SpeakingOptions
from .synthesis import CLOSE_SECONDS, OpenSynthesizer, Synthesis, closed_error
from .threads import post_to


class SynthesizerPool:
    """The synthesizers of one TTS: one is kept warm; a text that finds it busy gets another one.

    Each belongs to the event loop that made it. A TTS may outlive its loop, for example with several
    `asyncio.run`. The next loop closes the synthesizers of an ended loop.

    Args:
        open_synthesizer: Makes a synthesizer.
        options: The options of every text.
    """

    def __init__(self, open_synthesizer: OpenSynthesizer, options: SpeakingOptions) -> None:
        self._open_synthesizer = open_synthesizer
        self._options = options
        self._of_loops: dict[asyncio.AbstractEventLoop, _LoopPool] = {}
        self._abandoned: set[asyncio.Future[None]] = set()
        self._closed = False

    def warm(self) -> None:
        """Connect one ahead of the next text."""
        if not self._closed:
            self._here().warm()

    def take(self) -> Synthesis:
        """Take one to speak with; return it with `give_back`.

        Raises:
            APIConnectionError: The pool was closed.
        """
        if self._closed:
            raise closed_error()
        return self._here().take()

    def give_back(self, synthesis: Synthesis) -> None:
        """Return one after speaking. One that cannot be used again is replaced by a warm one."""
        self._here().give_back(synthesis)

    async def aclose(self) -> None:
        """Close all at once. Returns within `CLOSE_SECONDS`."""
        self._closed = True
        here = self._here()
        for loop, others in self._of_loops.items():
            if others is not here:
                post_to(loop, others.close)
        here.close()
        await here.closed()
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=CLOSE_SECONDS)

    def _here(self) -> _LoopPool:
        """The pool of the running loop."""
        self._leave_ended_loops()
        loop = asyncio.get_running_loop()
        if loop not in self._of_loops:
            self._of_loops[loop] = _LoopPool(self._open_synthesizer, self._options)
        return self._of_loops[loop]

    def _leave_ended_loops(self) -> None:
        for loop in [loop for loop in self._of_loops if loop.is_closed()]:
            # The ended loop can no longer report the ones that it was closing.
            self._abandoned = {closing for closing in self._abandoned if closing.get_loop() is not loop}
            for closing in self._of_loops.pop(loop).abandon():
                self._abandoned.add(closing)
                closing.add_done_callback(self._closed_abandoned)

    def _closed_abandoned(self, closing: asyncio.Future[None]) -> None:
        self._abandoned.discard(closing)
        if not closing.cancelled() and (error := closing.exception()) is not None:
            logger.error("an Azure synthesizer did not stop cleanly: %s", type(error).__name__)


class _LoopPool:
    """The synthesizers of one event loop."""

    def __init__(self, open_synthesizer: OpenSynthesizer, options: SpeakingOptions) -> None:
        self._open_synthesizer = open_synthesizer
        self._options = options
        self._idle: Synthesis | None = None
        self._keeps_stopped = True
        self._all: set[Synthesis] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    def warm(self) -> None:
        if self._idle is None and not self._closed:
            self._idle = self._make(ahead=True)

    def take(self) -> Synthesis:
        idle, self._idle = self._idle, None
        return idle or self._make()

    def give_back(self, synthesis: Synthesis) -> None:
        if synthesis.was_busy:
            # The service sends all of a stopped voice first: a new connection is quicker, from now on.
            self._keeps_stopped = False
        usable = synthesis.usable and (self._keeps_stopped or not synthesis.was_stopped)
        if usable and self._idle is None and not self._closed:
            self._idle = synthesis
            return
        self._discard(synthesis)
        if not synthesis.failed:
            self.warm()

    def close(self) -> None:
        """Begin to close all at once."""
        self._closed, self._idle = True, None
        for synthesis in tuple(self._all):
            self._discard(synthesis)

    async def closed(self) -> None:
        """Wait until all are closed. Returns within `CLOSE_SECONDS`."""
        while self._closing:
            await asyncio.wait(self._closing)

    def abandon(self) -> list[asyncio.Future[None]]:
        """Close all, from another loop, after this one has ended."""
        abandoned = [synthesis.abandon() for synthesis in self._all]
        return [closing for closing in abandoned if closing is not None]

    def _make(self, *, ahead: bool = False) -> Synthesis:
        synthesis = Synthesis(self._open_synthesizer, self._options, self._dropped, ahead=ahead)
        self._all.add(synthesis)
        return synthesis

    def _dropped(self, synthesis: Synthesis) -> None:
        if synthesis is self._idle:
            self._idle = None
            self._discard(synthesis)
            if synthesis.was_steady:
                self.warm()

    def _discard(self, synthesis: Synthesis) -> None:
        if synthesis in self._all:
            self._all.discard(synthesis)
            closing = asyncio.create_task(synthesis.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
