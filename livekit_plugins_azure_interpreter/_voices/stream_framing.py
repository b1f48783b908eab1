"""Framing by the service's messages, which name the stream of each chunk (X-StreamId). Pure.

`audio.start` begins a voice and names its language; `audio.end` ends it for certain. Streams may alternate:
a voice waits until the one before it, in its language, has ended. Languages do not wait for each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from .samples import VoiceFormatError, VoiceReader, starts_with_header
from .voice_events import LateSamples, VoiceBegan, VoiceEnded, VoiceEvent, VoiceSamples, VoiceUnplayable

PAUSE_SECONDS = 0.1
"""How long after an empty chunk, which may have been the end, more of the voice may come."""
UNTOLD_END_SECONDS = 0.3
"""If the service reports no ends: so much silence ends a voice while another one waits."""
STALL_SHARE = 0.8
"""The same if it reports ends, as a share of the voice timeout: the waiting voice is still in time."""


@dataclass(eq=False)
class _Stream:
    """A voice, by the stream that the service sends it on.

    Attributes:
        waiting: Its chunks that wait for the voice before; an empty one may have been its end.
        ended: The service said that it is complete.
        over: Its end was passed on.
    """

    language: str | None
    waiting: deque[bytes] = field(default_factory=deque)
    ended: bool = False
    over: bool = False


class StreamFraming:
    """Sorts chunks by their streams.

    Args:
        voice_timeout_seconds: How long a voice may pause before it has stopped in its middle.

    Attributes:
        only_language: Each voice is in this language; None: each is in the language that its start names.
    """

    def __init__(self, voice_timeout_seconds: float) -> None:
        self.only_language: str | None = None
        self._timeout_seconds = voice_timeout_seconds
        self._streams: dict[str, _Stream] = {}
        self._queues: dict[str | None, _Queue] = {}
        self._tells_starts = self._tells_ends = False

    def turn_started(self) -> None:
        """A turn of the service began: it may use its streams' names again."""
        self._streams.clear()

    def announced(self, stream_id: str, language: str | None, now: float) -> list[VoiceEvent]:
        """A voice begins on a stream (`audio.start`), so the voice before it on that stream has ended."""
        due = self.expire(now)
        self._tells_starts = True
        before = self._streams.get(stream_id)
        if before is not None and not before.ended:
            due += self._queue(before).replace(before, now)
        self._begin(stream_id, language)
        return due

    def chunk(self, data: bytes, now: float, *, stream_id: str) -> list[VoiceEvent]:
        """A piece of a voice came."""
        due = self.expire(now)
        stream = self._streams.get(stream_id)
        if stream is None or (stream.ended and self._is_another(data)):
            stream = self._begin(stream_id, None)
        if stream.ended or stream.over:
            return [*due, LateSamples(self._queue(stream).reader.seconds_of(data), stream.language)]
        return [*due, *self._queue(stream).chunk(stream, data, now)]

    def completed(self, now: float, *, stream_id: str, told: bool) -> list[VoiceEvent]:
        """A voice is complete: the service said so (`told`), or an empty chunk came."""
        due = self.expire(now)
        self._tells_ends |= told
        stream = self._streams.get(stream_id)
        if told:
            if stream is None:
                stream = self._begin(stream_id, None)  # a voice without a chunk
            return due if stream.ended else [*due, *self._queue(stream).end(stream, now)]
        if stream is None or stream.ended:
            return due
        if stream.over:
            # The rest of a voice that was given up ends here: the next chunk is of another voice.
            del self._streams[stream_id]
            return due
        return [*due, *self._queue(stream).chunk(stream, b"", now)]

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None if no voice is under way."""
        patience_seconds = self._patience_seconds
        due = [at for queue in self._queues.values() if (at := queue.deadline(patience_seconds)) is not None]
        return min(due) if due else None

    def expire(self, now: float) -> list[VoiceEvent]:
        """End the voices whose time is over."""
        if (deadline := self.deadline) is None or deadline > now:
            return []
        return [
            event for queue in self._queues.values() for event in queue.expire(now, self._patience_seconds)
        ]

    def finish(self, now: float) -> list[VoiceEvent]:
        """The service has sent everything: release all voices that wait."""
        return [event for queue in self._queues.values() for event in queue.finish(now)]

    def cut(self) -> list[VoiceEvent]:
        """The connection is gone. The current voice gets no end, unless it only waited out its pause."""
        due = [event for queue in self._queues.values() for event in queue.cut()]
        self._streams.clear()
        self._queues.clear()
        return due

    @property
    def _patience_seconds(self) -> float:
        """How long a voice may be silent while another waits for its end."""
        return STALL_SHARE * self._timeout_seconds if self._tells_ends else UNTOLD_END_SECONDS

    def _begin(self, stream_id: str, language: str | None) -> _Stream:
        stream = self._streams[stream_id] = _Stream(self.only_language or language)
        return stream

    def _queue(self, stream: _Stream) -> _Queue:
        if stream.language not in self._queues:
            self._queues[stream.language] = _Queue(stream.language, self._timeout_seconds)
        return self._queues[stream.language]

    def _is_another(self, data: bytes) -> bool:
        """Whether a chunk after its stream's end begins another voice: no start announces it, or a header."""
        return not self._tells_starts or starts_with_header(data)


class _Queue:
    """The voices of one language, one after another."""

    def __init__(self, language: str | None, timeout_seconds: float) -> None:
        self.reader = VoiceReader()
        self._language = language
        self._timeout_seconds = timeout_seconds
        self._open: _Stream | None = None
        self._waiting: deque[_Stream] = deque()
        self._heard_at = 0.0
        self._paused_at: float | None = None

    def chunk(self, stream: _Stream, data: bytes, now: float) -> Iterator[VoiceEvent]:
        """A piece of a voice, or an empty one, which may have been its end."""
        is_next = self._open is not stream or starts_with_header(data)
        if self._paused_at is not None and data and is_next:
            yield from self._close(now)  # the empty chunk was the end of the voice before
        if self._open not in (None, stream):
            self._wait(stream)
            stream.waiting.append(data)
        elif data:
            yield from self._hear(stream, data, now)
        elif self._open is stream:
            self._paused_at = now

    def end(self, stream: _Stream, now: float) -> Iterator[VoiceEvent]:
        """The service said that the voice is complete."""
        stream.ended = True
        if stream.over:
            return
        if self._open is None:
            yield self._begin(stream, now)
        if self._open is stream:
            yield from self._close(now)
        else:
            self._wait(stream)

    def replace(self, stream: _Stream, now: float) -> Iterator[VoiceEvent]:
        """Another voice begins on its stream. A voice that never had a chunk is dropped."""
        if self._open is stream or stream in self._waiting:
            yield from self.end(stream, now)

    def deadline(self, patience_seconds: float) -> float | None:
        """When the voice under way is over, if nothing more comes of it."""
        if self._open is None:
            return None
        if self._paused_at is not None:
            return self._paused_at + PAUSE_SECONDS
        return self._heard_at + (patience_seconds if self._waiting else self._timeout_seconds)

    def expire(self, now: float, patience_seconds: float) -> Iterator[VoiceEvent]:
        """End the voice whose time is over."""
        while (due := self.deadline(patience_seconds)) is not None and due <= now:
            if self._paused_at is None:
                yield from self._give_up(due)
            else:
                yield from self._close(due)

    def finish(self, now: float) -> Iterator[VoiceEvent]:
        """Nothing more comes of the voices that others wait for."""
        while self._waiting:
            yield from self._give_up(now)

    def cut(self) -> Iterator[VoiceEvent]:
        """Nothing more comes of any voice."""
        if self._paused_at is not None:
            yield VoiceEnded(self._paused_at, self._language)
        held = [data for stream in self._waiting for data in stream.waiting]
        if held:
            yield LateSamples(sum(map(self.reader.seconds_of, held)), self._language)

    def _hear(self, stream: _Stream, data: bytes, now: float) -> Iterator[VoiceEvent]:
        if self._open is None:
            yield self._begin(stream, now)
        self._heard_at, self._paused_at = now, None
        try:
            samples = self.reader.read(data)
        except VoiceFormatError as error:
            yield VoiceUnplayable(str(error), self._language)
            return
        if samples is not None:
            yield VoiceSamples(samples, self._language)

    def _begin(self, stream: _Stream, now: float) -> VoiceBegan:
        self._open, self._heard_at, self._paused_at = stream, now, None
        self.reader.begin()
        return VoiceBegan(self._language)

    def _wait(self, stream: _Stream) -> None:
        if stream not in self._waiting:
            self._waiting.append(stream)

    def _give_up(self, now: float) -> Iterator[VoiceEvent]:
        """No message ends the current voice, but it has been silent for too long."""
        assert self._open is not None
        self._open.over = True
        # If another voice waits, the service went on, so this one was complete.
        yield from self._close(now, whole=bool(self._waiting))

    def _close(self, now: float, *, whole: bool = True) -> Iterator[VoiceEvent]:
        at = now if self._paused_at is None else self._paused_at
        self._open, self._paused_at = None, None
        yield VoiceEnded(at, self._language, whole=whole)
        while self._waiting and self._open is None:
            yield from self._release(self._waiting.popleft(), now)

    def _release(self, stream: _Stream, now: float) -> Iterator[VoiceEvent]:
        """It waited for its turn, which has come."""
        chunks, stream.waiting = stream.waiting, deque()
        yield self._begin(stream, now)
        for data in chunks:
            yield from self.chunk(stream, data, now)
        if stream.ended:
            yield from self.end(stream, now)
