"""Voices one after another, also where the service sends several at once.

The service's messages name the voice that a chunk is of (X-StreamId) and tell its end (audio.end).
Where the SDK shows them it is certain where a voice begins, and chunks that alternate can be sorted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from ..log import logger
from .events import Connected, Disconnected, Event, Failed, Finished, VoiceChunk, VoiceCompleted

_UNTOLD_END_SECONDS = 0.3
"""A service that tells no ends: a voice that is silent for so long, while another comes, is over."""
_STALL_SHARE = 0.8
"""The same, of a service that does, as a share of the voice timeout: the next voice is still in time."""


class VoiceNames:
    """Names for voices, each used once; the service may use its own again."""

    def __init__(self) -> None:
        self._unused = count(1)
        self._names: dict[str, str] = {}
        self._ended: set[str] = set()
        self._tells_starts = False

    def of(self, path: str, stream_id: str) -> str:
        """Of the voice that a message is about; empty for one that names no stream."""
        if path == "turn.start":
            self._names.clear()
        if not stream_id:
            return ""
        self._tells_starts |= path == "audio.start"
        if path == "audio.start" or stream_id not in self._names or self._is_used_again(path, stream_id):
            self._names[stream_id] = str(next(self._unused))
            self._ended.discard(stream_id)
        if path == "audio.end":
            self._ended.add(stream_id)
        return self._names[stream_id]

    def _is_used_again(self, path: str, stream_id: str) -> bool:
        """Where starts are told, a chunk after the end is of the same voice, and late."""
        return path == "audio" and stream_id in self._ended and not self._tells_starts


class VoiceOrder:
    """Holds a voice until the one before it has ended. Everything else passes at once.

    Time is an argument (`now`, in seconds of any steady clock).

    Args:
        voice_timeout_seconds: How long an utterance waits for its voice.
    """

    def __init__(self, voice_timeout_seconds: float = 5.0) -> None:
        self._stall_seconds = _STALL_SHARE * voice_timeout_seconds
        self._reset()
        self._tells_ends = False

    def _reset(self) -> None:
        self._open: str | None = None
        self._paused = False
        self._held: dict[str, list[VoiceChunk | VoiceCompleted]] = {}
        self._gone: set[str] = set()
        self._heard_at = 0.0

    def take(self, event: Event, now: float) -> Iterator[Event]:
        """The events that are due now that this one came."""
        if isinstance(event, (VoiceChunk, VoiceCompleted)) and event.voice:
            yield from self._take(event, now)
            return
        if isinstance(event, Finished):
            while self._held:
                yield from self._give_up(now)
        if isinstance(event, (Connected, Disconnected, Failed)):
            self._reset()
        yield event

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do; None: nothing is held."""
        if not self._held:
            return None
        return self._heard_at + (self._stall_seconds if self._tells_ends else _UNTOLD_END_SECONDS)

    def expire(self, now: float) -> Iterator[Event]:
        """The events that are due now that nothing came."""
        if self.deadline is not None and self.deadline <= now:
            yield from self._give_up(now)

    def _take(self, event: VoiceChunk | VoiceCompleted, now: float) -> Iterator[Event]:
        if event.voice in self._gone:
            self._too_late(event)
        elif self._open in (None, event.voice):
            yield from self._pass(event, now)
        elif self._paused and isinstance(event, VoiceChunk):
            # The end of the one before was an empty chunk's, and it was its end.
            self._open = None
            yield from self._pass(event, now)
        else:
            self._held.setdefault(event.voice, []).append(event)

    def _pass(self, event: VoiceChunk | VoiceCompleted, now: float) -> Iterator[Event]:
        self._heard_at = now
        if isinstance(event, VoiceChunk):
            # After an end that was not told by itself, a header has to tell whether this is the next voice.
            begins = True if self._open is None else None if self._paused else False
            self._open, self._paused = event.voice, False
            yield replace(event, begins=begins)
            return
        self._tells_ends |= event.told
        self._paused = not event.told
        yield replace(event, empty=event.told and self._open is None)
        if event.told:
            self._gone.add(event.voice)
            yield from self._next(now)

    def _next(self, now: float) -> Iterator[Event]:
        self._open, self._paused = None, False
        while self._held and self._open is None:
            for event in self._held.pop(next(iter(self._held))):
                yield from self._pass(event, now)

    def _give_up(self, now: float) -> Iterator[Event]:
        """The voice that others wait for is over, though nothing told so."""
        assert self._open is not None
        self._gone.add(self._open)
        yield VoiceCompleted(self._open)
        yield from self._next(now)

    def _too_late(self, event: VoiceChunk | VoiceCompleted) -> None:
        if isinstance(event, VoiceChunk):
            logger.warning("audio came after the end of its voice; dropped %d bytes", len(event.data))
