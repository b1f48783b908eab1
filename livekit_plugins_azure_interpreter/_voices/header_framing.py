"""Framing without the service's messages: RIFF headers, pauses and silence tell the voices apart. Pure.

A header begins a voice, unless every chunk has one. Completed ends it; but an empty chunk of a voice looks
the same, so where voices have headers, audio without one just after Completed continues the voice.
"""

from __future__ import annotations

from .samples import DEFAULT_RATE_HZ, Samples, VoiceFormatError, VoiceReader
from .voice_events import LateSamples, VoiceBegan, VoiceEnded, VoiceEvent, VoiceSamples, VoiceUnplayable

PAUSE_SECONDS = 0.1
"""How long after Completed audio without a header may continue the voice."""


class HeaderFraming:
    """One voice after another, all in one language, because no message names another.

    Args:
        voice_timeout_seconds: How long a voice may pause before it has stopped in its middle.
    """

    def __init__(self, voice_timeout_seconds: float) -> None:
        self._timeout_seconds = voice_timeout_seconds
        self._reader = VoiceReader()
        self._is_open = False
        self._heard_at = 0.0
        self._completed_at: float | None = None
        self._headers_seen = False
        self._header_on_every_chunk = self._header_on_first_chunk = False
        self._awaits_header = False

    def chunk(self, data: bytes, now: float, *, stream_id: str = "") -> list[VoiceEvent]:
        """A piece of a voice came."""
        due = self.expire(now)
        try:
            samples = self._reader.read(data)
        except VoiceFormatError as error:
            # The fallback is better than noise. The voice keeps its place, without sound.
            silence = Samples(b"", DEFAULT_RATE_HZ, starts=True)
            return [*due, *self._take(silence, now), VoiceUnplayable(str(error))]
        return due if samples is None else [*due, *self._take(samples, now)]

    def completed(self, now: float, *, stream_id: str = "", told: bool = False) -> list[VoiceEvent]:
        """Completed came: the end of a voice, or an empty chunk of it."""
        due = self.expire(now)
        self._reader.end()
        self._awaits_header = False
        if self._is_open:
            self._completed_at = now
            if told or not self._headers_seen:
                due += self._close()
        return due

    @property
    def deadline(self) -> float | None:
        """When the current voice is over; None if there is none."""
        if not self._is_open:
            return None
        if self._completed_at is not None:
            return self._completed_at + PAUSE_SECONDS
        return self._heard_at + self._timeout_seconds

    def expire(self, now: float) -> list[VoiceEvent]:
        """End the voice under way, if its time is over."""
        due = self.deadline
        if due is None or due > now:
            return []
        if self._completed_at is not None:
            return self._close()
        # Its rest can be told from the next voice only if a header begins each voice, and nothing else.
        self._awaits_header = self._header_on_first_chunk and not self._header_on_every_chunk
        self._close()
        return [VoiceEnded(due, whole=False, certain=self._awaits_header)]

    def finish(self, now: float) -> list[VoiceEvent]:
        """The service has sent all that it had; nothing was held back."""
        return self.expire(now)

    def cut(self) -> list[VoiceEvent]:
        """The connection is gone: a voice that waits out its pause is complete; any other gets no end."""
        due = [] if self._completed_at is None else self._close()
        self._reader, self._is_open, self._awaits_header = VoiceReader(), False, False
        return due

    def _take(self, samples: Samples, now: float) -> list[VoiceEvent]:
        due = self._learn(samples.starts)
        if self._awaits_header and not samples.starts:
            return [*due, LateSamples(samples.seconds)]
        self._awaits_header = False
        if self._completed_at is not None and samples.starts:
            due += self._close()
        if not self._is_open:
            self._is_open = True
            due.append(VoiceBegan())
        self._heard_at, self._completed_at = now, None
        return [*due, VoiceSamples(samples)]

    def _learn(self, starts: bool) -> list[VoiceEvent]:
        """Learn what headers mean: they begin only voices, or every chunk."""
        due: list[VoiceEvent] = []
        continues = self._is_open and self._completed_at is None
        self._headers_seen |= starts
        if starts and continues and self._header_on_first_chunk and not self._header_on_every_chunk:
            # Headers begin only voices, so the end of the voice before was not reported.
            due, continues = self._close(), False
        self._header_on_every_chunk |= starts and continues
        self._header_on_first_chunk |= self._headers_seen and continues and not starts
        return due

    def _close(self) -> list[VoiceEvent]:
        at = self._heard_at if self._completed_at is None else self._completed_at
        self._is_open, self._completed_at = False, None
        return [VoiceEnded(at)]
