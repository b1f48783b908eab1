"""Framing: where each voice begins and ends in the chunks that the service sends. Pure.

There are two strategies. If the service's messages name the stream of each chunk, starts and ends are certain
(`StreamFraming`). Otherwise RIFF headers, pauses and silence show them (`HeaderFraming`). A connection begins
with the second strategy, and changes to the first as soon as a stream is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .header_framing import HeaderFraming
from .stream_framing import StreamFraming
from .voice_events import VoiceEnded, VoiceEvent


class Strategy(Protocol):
    """The port: a strategy, which finds the voices in chunks. `now` is in seconds of a steady clock.

    Attributes:
        deadline: When `expire` has something to do next; None if nothing waits.
    """

    @property
    def deadline(self) -> float | None: ...

    def chunk(self, data: bytes, now: float, *, stream_id: str) -> list[VoiceEvent]:
        """A piece of a voice came."""
        ...

    def completed(self, now: float, *, stream_id: str, told: bool) -> list[VoiceEvent]:
        """A voice is complete: the service said so (`told`), or an empty chunk came."""
        ...

    def expire(self, now: float) -> list[VoiceEvent]:
        """End the voice whose time is over."""
        ...

    def finish(self, now: float) -> list[VoiceEvent]:
        """The service has sent everything: release all that is held back."""
        ...

    def cut(self) -> list[VoiceEvent]:
        """The connection is gone. The current voice gets no end, unless it only waited out its pause."""
        ...


class Framing:
    """Chunks in, voices out.

    Args:
        voice_timeout_seconds: How long a voice may pause.
    """

    def __init__(self, voice_timeout_seconds: float) -> None:
        self._by_headers = HeaderFraming(voice_timeout_seconds)
        self._by_streams = StreamFraming(voice_timeout_seconds)
        self._strategy: Strategy = self._by_headers

    def speak(self, languages: Sequence[str]) -> None:
        """Expect voices in these languages. If there is only one, each voice is in that language."""
        self._by_streams.only_language = languages[0] if len(languages) == 1 else None

    def turn_started(self) -> None:
        """A turn of the service began: it may use its streams' names again."""
        self._by_streams.turn_started()

    def announced(self, stream_id: str, language: str | None, now: float) -> list[VoiceEvent]:
        """A voice begins on a stream (`audio.start`)."""
        return [*self._prefer(stream_id, now), *self._by_streams.announced(stream_id, language, now)]

    def chunk(self, data: bytes, now: float, *, stream_id: str = "") -> list[VoiceEvent]:
        """A piece of a voice came; `stream_id` is empty if its stream is not named."""
        return [*self._prefer(stream_id, now), *self._strategy.chunk(data, now, stream_id=stream_id)]

    def completed(self, now: float, *, stream_id: str = "", told: bool = False) -> list[VoiceEvent]:
        """A voice is complete: the service said so (`told`), or an empty chunk came."""
        return [*self._prefer(stream_id, now), *self._strategy.completed(now, stream_id=stream_id, told=told)]

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None if nothing waits."""
        return self._strategy.deadline

    def expire(self, now: float) -> list[VoiceEvent]:
        """End the voice whose time is over."""
        return self._strategy.expire(now)

    def finish(self, now: float) -> list[VoiceEvent]:
        """The service has sent everything: release all that is held back."""
        return self._strategy.finish(now)

    def cut(self) -> list[VoiceEvent]:
        """The connection is gone. The current voice gets no end, unless it only waited out its pause."""
        return self._strategy.cut()

    def _prefer(self, stream_id: str, now: float) -> list[VoiceEvent]:
        if not stream_id or self._strategy is self._by_streams:
            return []
        self._strategy = self._by_streams
        return [] if self._by_headers.deadline is None else [VoiceEnded(now)]
