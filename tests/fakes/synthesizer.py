"""A synthesizer without Azure: the whole port, and events from a real thread of its own."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence

from livekit_plugins_azure_interpreter._sdk.events import (
    Connected,
    SynthesisChunk,
    SynthesisCompleted,
    SynthesisEvent,
    SynthesisStarted,
)
from livekit_plugins_azure_interpreter._sdk.synthesis import Synthesis
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import SpeakingOptions

from .limits import LIMIT_SECONDS, within

OPTIONS = SpeakingOptions(credentials=Credentials(endpoint="ws://127.0.0.1:1"))

SPOKEN: tuple[SynthesisEvent, ...] = (
    SynthesisStarted("r1"),
    SynthesisChunk(bytes([1, 2]) * 800),
    SynthesisCompleted(),
)


class FakeSynthesizer:
    """Its thread lives on after `close`, as a late callback of the SDK does.

    Attributes:
        options: What it was made with.
        texts: What it was to speak, as SSML.
        closed: Whether it was closed.
        stops: How often a text was stopped.
        threads: By name ("make", "open", "speak", "stop", "close"), the thread that called.
    """

    def __init__(
        self, azure: FakeSpeech, options: SpeakingOptions, post: Callable[[SynthesisEvent], None]
    ) -> None:
        self.options = options
        self.texts: list[str] = []
        self.closed = False
        self.stops = 0
        self.threads: dict[str, threading.Thread] = {}
        self._azure = azure
        self._post = post
        self._to_post: queue.Queue[SynthesisEvent | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="fake-azure", daemon=True)
        self._enter("make")
        self._thread.start()

    def open(self) -> None:
        self._enter("open")
        if self._azure.connects:
            self.post(Connected())

    def speak(self, ssml: str) -> None:
        self._enter("speak")
        self.texts.append(ssml)
        self.post(*self._azure.next_reply())

    def stop(self) -> None:
        self._enter("stop")
        self.stops += 1

    def close(self) -> None:
        self._enter("close")
        self.closed = True

    def post(self, *events: SynthesisEvent) -> None:
        """Have its thread report events, in order; also after `close`."""
        for event in events:
            self._to_post.put(event)

    @property
    def idle(self) -> bool:
        """Its thread has reported all that was posted."""
        return self._to_post.unfinished_tasks == 0

    def end_thread(self) -> None:
        self._to_post.put(None)
        self._thread.join(LIMIT_SECONDS)
        assert not self._thread.is_alive()

    def _enter(self, name: str) -> None:
        self.threads[name] = threading.current_thread()
        self._azure.pass_gate(name)

    def _run(self) -> None:
        while (event := self._to_post.get()) is not None:
            self._post(event)
            self._to_post.task_done()
        self._to_post.task_done()


class FakeSpeech:
    """Opens fake synthesizers; give it to `PersonalVoiceTTS(_open_synthesizer=...)`.

    Args:
        replies: Per text, what is reported; the last one goes for all that follow.

    Attributes:
        connects: Opening one ahead makes a connection.
        fails: By name ("make", "open", "speak", "stop", "close"), what that raises.
    """

    def __init__(self, *replies: Sequence[SynthesisEvent]) -> None:
        self.replies = list(replies) or [SPOKEN]
        self.connects = True
        self.fails: dict[str, Exception] = {}
        self.synthesizers: list[FakeSynthesizer] = []
        self._gates: dict[str, threading.Event] = {}

    def __call__(self, options: SpeakingOptions, post: Callable[[SynthesisEvent], None]) -> FakeSynthesizer:
        synthesizer = FakeSynthesizer(self, options, post)
        self.synthesizers.append(synthesizer)
        return synthesizer

    @property
    def last(self) -> FakeSynthesizer:
        return self.synthesizers[-1]

    @property
    def texts(self) -> list[str]:
        return [text for synthesizer in self.synthesizers for text in synthesizer.texts]

    def next_reply(self) -> Sequence[SynthesisEvent]:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def hold(self, name: str) -> None:
        """Make "make", "open", "speak", "stop" or "close" block until `release`."""
        self._gates[name] = threading.Event()

    def release(self, name: str) -> None:
        self._gates.pop(name).set()

    def pass_gate(self, name: str) -> None:
        if (gate := self._gates.get(name)) is not None:
            gate.wait(LIMIT_SECONDS)
        if name in self.fails:
            raise self.fails[name]

    def let_go(self) -> None:
        """Release all that is held."""
        for name in list(self._gates):
            self.release(name)

    def shut_down(self) -> None:
        self.let_go()
        for synthesizer in self.synthesizers:
            synthesizer.end_thread()


async def spoken(synthesis: Synthesis, seconds: float = LIMIT_SECONDS) -> list[SynthesisEvent]:
    async def speak() -> list[SynthesisEvent]:
        return [event async for event in synthesis.speak("<speak/>", timeout_seconds=seconds)]

    return await within(speak())


async def left(synthesis: Synthesis) -> None:
    """Speak, and leave with the first event."""
    async with contextlib.aclosing(synthesis.speak("", timeout_seconds=LIMIT_SECONDS)) as speaking:
        await anext(speaking)
