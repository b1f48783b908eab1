"""A recognizer without Azure: the whole port, and events from a real thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from livekit_plugins_azure_interpreter._sdk.events import Connected, Event, Finished
from livekit_plugins_azure_interpreter.options import Options

from .limits import LIMIT_SECONDS


class FakeRecognizer:
    """One attempt. Its thread lives on after `close`, as a late callback of the SDK does.

    Attributes:
        options: What it was made with.
        written: All audio that it was given.
        writes: The size of each piece of it, in bytes.
        started, audio_ended, closed: What was called.
        sees_messages: As the port's; its service says.
        session_id: As the port's; by its number.
        hastened: How many connections were told to send at once.
        renewals: How often its token was renewed.
        next_voices: The voices that it was told to ask for when it reconnects; None: those of its options.
        commits: How many bytes were written before each commit.
        threads: By name ("make", "start", "close"), the thread that called.
    """

    def __init__(self, service: FakeService, options: Options, post: Callable[[Event], None]) -> None:
        self.options = options
        self.written = bytearray()
        self.writes: list[int] = []
        self.sees_messages = service.sees_messages
        self.hastened = self.renewals = 0
        self.next_voices: dict[str, str] | None = None
        self.commits: list[int] = []
        self.started = self.audio_ended = self.closed = False
        self.threads: dict[str, threading.Thread] = {}
        self._service = service
        self._post = post
        self._to_post: queue.Queue[Event | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="fake-azure", daemon=True)
        self._enter("make")
        if service.refuses is not None:
            raise service.refuses
        self._number = len(service.recognizers)
        self.session_id = f"session-{self._number}"
        self._thread.start()

    def start(self) -> None:
        self._enter("start")
        if self._service.start_fails is not None:
            raise self._service.start_fails
        self.started = True
        replies = self._service.replies
        self.post(*replies[min(self._number, len(replies) - 1)])

    def write(self, pcm: bytes) -> None:
        self.written += pcm
        self.writes.append(len(pcm))

    def commit(self) -> None:
        self.commits.append(len(self.written))

    def change_languages(self, before: Options, after: Options) -> None:
        self._enter("languages")
        if self._service.languages_refused is not None:
            raise self._service.languages_refused
        self.options = after

    def set_voices(self, options: Options) -> None:
        self._enter("voices")
        self.next_voices = options.voices

    def end_audio(self) -> None:
        self.audio_ended = True
        if self._service.finishes:
            self.post(Finished())

    def set_tcp_nodelay(self) -> None:
        self._enter("hasten")
        self.hastened += 1

    def renew_token(self) -> None:
        self._enter("renew")
        self.renewals += 1
        if self._service.renewal_fails is not None:
            raise self._service.renewal_fails

    def close(self) -> None:
        self._enter("close")
        self.closed = True
        if self._service.close_fails is not None:
            raise self._service.close_fails

    def post(self, *events: Event) -> None:
        """Have its thread report events, in order; also after `close`."""
        for event in events:
            self._to_post.put(event)

    @property
    def idle(self) -> bool:
        """Its thread has reported all that was posted."""
        return self._to_post.unfinished_tasks == 0

    def end_thread(self) -> None:
        self._to_post.put(None)
        if self._thread.is_alive():
            self._thread.join(LIMIT_SECONDS)
            assert not self._thread.is_alive()

    def _enter(self, name: str) -> None:
        self.threads[name] = threading.current_thread()
        self._service.pass_gate(name)

    def _run(self) -> None:
        while (event := self._to_post.get()) is not None:
            self._post(event)
            self._to_post.task_done()
        self._to_post.task_done()


class FakeService:
    """Opens fake recognizers; give it to `STT(_open_recognizer=...)`. One recognizer per attempt.

    Args:
        replies: Per attempt, what is reported when it starts; the last one goes for all that follow.
        finishes: `Finished` follows the end of the audio.
        sees_messages: Its recognizers report every message (the test posts `MessageReceived`).
        refuses, start_fails, close_fails: What making, starting or closing a recognizer raises.
        renewal_fails: What renewing its token raises.
        languages_refused: What a change of its languages raises.
    """

    def __init__(
        self,
        *,
        replies: Sequence[Sequence[Event]] = ((Connected(),),),
        finishes: bool = True,
        refuses: Exception | None = None,
        start_fails: Exception | None = None,
        close_fails: Exception | None = None,
        renewal_fails: Exception | None = None,
        languages_refused: Exception | None = None,
        sees_messages: bool = True,
    ) -> None:
        self.replies = replies
        self.finishes = finishes
        self.refuses = refuses
        self.start_fails = start_fails
        self.close_fails = close_fails
        self.renewal_fails = renewal_fails
        self.languages_refused = languages_refused
        self.sees_messages = sees_messages
        self.entered: list[str] = []
        self.recognizers: list[FakeRecognizer] = []
        self._gates: dict[str, threading.Event] = {}

    def __call__(self, options: Options, post: Callable[[Event], None]) -> FakeRecognizer:
        recognizer = FakeRecognizer(self, options, post)
        self.recognizers.append(recognizer)
        return recognizer

    @property
    def last(self) -> FakeRecognizer:
        return self.recognizers[-1]

    def hold(self, name: str) -> None:
        """Make "make", "start" or "close" block until `release`."""
        self._gates[name] = threading.Event()

    def release(self, name: str) -> None:
        self._gates.pop(name).set()

    def pass_gate(self, name: str) -> None:
        self.entered.append(name)
        if (gate := self._gates.get(name)) is not None:
            gate.wait(LIMIT_SECONDS)

    def shut_down(self) -> None:
        for name in list(self._gates):
            self.release(name)
        for recognizer in self.recognizers:
            recognizer.end_thread()
