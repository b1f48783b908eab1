"""Serves from a thread: for programs and tests that run no event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, TypeVar

from .behaviour import Behaviour
from .server import Emulator
from .spoken import Spoken
from .synthesis.speech import Synthesized
from .transport.wire import Message, WireError
from .watching.happenings import Happening, Sent

_LIMIT_SECONDS = 10.0
"""For starting and stopping, which take milliseconds: a test fails instead of hanging."""

T = TypeVar("T")


class EmulatorThread:
    """An `Emulator` in a thread of its own, for code that runs no event loop. ::

        with EmulatorThread(Behaviour(script=lines)) as emulator:
            config = SpeechConfig(subscription="any", endpoint=emulator.endpoint)

    Everything here may be called from any thread. What a client has received is in `heard`, `spoken` and
    `synthesized` already. They can still be read when the emulator has stopped.

    Args:
        behaviour: What it understands, how it answers, and its faults.

    Raises:
        OSError: It cannot listen.
        TimeoutError: It did not start or stop within 10 s.
    """

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self._listener = _Listener()
        self._emulator = Emulator(behaviour, watchers=[self._listener])
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened = ExitStack()

    def __enter__(self) -> EmulatorThread:
        with ExitStack() as opened:
            self._loop = opened.enter_context(_loop_in_a_thread())
            self._run(self._emulator.start())
            opened.callback(lambda: self._run(self._emulator.aclose()))
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    @property
    def endpoint(self) -> str:
        """The endpoint of speech recognition and translation."""
        return self._emulator.endpoint

    @property
    def synthesis_endpoint(self) -> str:
        """The endpoint of text to speech, for the SDK's SpeechSynthesizer."""
        return self._emulator.synthesis_endpoint

    @property
    def synthesis_url(self) -> str:
        """The address of text to speech over HTTP."""
        return self._emulator.synthesis_url

    @property
    def heard(self) -> list[str]:
        """The texts of all final results, in order."""
        return self._read(self._listener.texts)

    @property
    def spoken(self) -> list[Spoken]:
        """Every voice of a translation that was sent completely, in order."""
        return self._read(self._emulator.spoken)

    @property
    def synthesized(self) -> list[Synthesized]:
        """Every voice of a text that was sent completely, in order."""
        return self._read(self._emulator.synthesized)

    def issue_token(self) -> str:
        """A token that is valid for `Behaviour.token_seconds`."""
        return self._emulator.issue_token()

    def _read(self, kept: list[T]) -> list[T]:
        if self._loop is None or self._loop.is_closed():
            return list(kept)
        return self._run(_copy(kept))

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_LIMIT_SECONDS)


class _Listener:
    """A watcher that keeps the texts of final results."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, happening: Happening) -> None:
        if isinstance(happening, Sent) and (text := _final_text(happening.message)):
            self.texts.append(text)


def _final_text(message: Message) -> str:
    if message.path not in ("speech.phrase", "translation.response"):
        return ""
    try:
        body = message.json()
    except WireError:  # a fault
        return ""
    phrase = body if message.path == "speech.phrase" else body.get("SpeechPhrase", {})
    return str(phrase.get("DisplayText", ""))


async def _copy(kept: list[T]) -> list[T]:
    # The loop keeps a voice right after its last message: when this runs, each voice that came is there.
    return list(kept)


@contextmanager
def _loop_in_a_thread() -> Generator[asyncio.AbstractEventLoop]:
    running: Future[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = Future()

    async def live() -> None:
        over = asyncio.Event()
        running.set_result((asyncio.get_running_loop(), over.set))
        await over.wait()

    # A daemon: should it hang, the program still ends.
    thread = threading.Thread(target=lambda: asyncio.run(live()), name="azure-speech-emulator", daemon=True)
    thread.start()
    loop, end = running.result(_LIMIT_SECONDS)
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(end)
        thread.join(_LIMIT_SECONDS)
        if thread.is_alive():
            raise TimeoutError(f"the emulator's thread did not end within {_LIMIT_SECONDS:g} s")
