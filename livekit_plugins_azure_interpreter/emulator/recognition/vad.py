"""Detects speech in the audio that a client sends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

_FRAME_MS = 20
_LOUD_RMS = 200.0
"""About 44 dB below full scale: above the hiss of a recording, below a quiet voice."""
_MARGIN_MS = 100
"""Speech begins and ends more softly than the threshold; this much is kept on either side."""


@dataclass(frozen=True)
class SpeechBegan:
    """Speech began at a position in the stream, in seconds; `index` as in `SpeechEnded`."""

    start_seconds: float
    index: int | None = None


@dataclass(frozen=True)
class SpeechEnded:
    """A stretch of speech is over, from start to end in seconds of the stream.

    `index` is the scripted line that was heard, if positions decide that.
    """

    start_seconds: float
    end_seconds: float
    index: int | None = None


VadEvent = SpeechBegan | SpeechEnded


class Vad(Protocol):
    """Finds stretches of speech in 16 bit mono PCM that arrives piece by piece."""

    def hear(self, pcm: bytes) -> Iterator[VadEvent]:
        """Take the next piece of audio."""
        ...

    def end(self) -> Iterator[VadEvent]:
        """The audio is over: end the stretch that is still open."""
        ...


class EnergyVad:
    """Finds speech by its energy.

    Args:
        sample_rate: The rate of the audio, in Hz.
        start_seconds: The position of the first sample in the stream.
        silence_ms: How much silence ends a stretch (Azure's segmentation silence timeout).
        longest_seconds: A longer stretch is cut here (Azure's maximum segment).
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        start_seconds: float = 0.0,
        silence_ms: int = 400,
        longest_seconds: float = 30.0,
    ) -> None:
        self._frame_bytes = sample_rate * _FRAME_MS // 1000 * 2
        self._first = start_seconds
        self._silent_frames = max(1, silence_ms // _FRAME_MS)
        self._longest = longest_seconds
        self._rest = b""
        self._frames = 0
        self._start: float | None = None
        self._floor = start_seconds
        self._last_loud = 0

    def hear(self, pcm: bytes) -> Iterator[VadEvent]:
        data = self._rest + pcm
        whole = len(data) - len(data) % self._frame_bytes
        self._rest = data[whole:]
        for at in range(0, whole, self._frame_bytes):
            yield from self._frame(_rms(data[at : at + self._frame_bytes]) >= _LOUD_RMS)

    def end(self) -> Iterator[VadEvent]:
        if self._start is not None:
            yield self._close(self._seconds(self._frames))

    def _frame(self, loud: bool) -> Iterator[VadEvent]:
        self._frames += 1
        if loud:
            self._last_loud = self._frames
            if self._start is None:
                begins = self._seconds(self._frames - 1) - _MARGIN_MS / 1000
                self._start = max(self._floor, begins)
                yield SpeechBegan(self._start)
        if self._start is None:
            return
        now = self._seconds(self._frames)
        if self._frames - self._last_loud >= self._silent_frames or now - self._start >= self._longest:
            yield self._close(now)

    def _close(self, now: float) -> SpeechEnded:
        assert self._start is not None
        end = min(now, self._seconds(self._last_loud) + _MARGIN_MS / 1000)
        ended = SpeechEnded(self._start, end)
        self._start, self._floor = None, end
        return ended

    def _seconds(self, frames: int) -> float:
        return self._first + frames * _FRAME_MS / 1000


class ScriptedVad:
    """Hears each line of a script at its position in the script, independent of the audio.

    Args:
        stretches: Start and end of each line, in seconds of the stream, in order.
        sample_rate: The rate of the audio, in Hz.
        start_seconds: The position of the first sample; lines that end before it were heard already.
    """

    def __init__(
        self, stretches: Sequence[tuple[float, float]], sample_rate: int, *, start_seconds: float = 0.0
    ) -> None:
        self._ahead = [
            (start, end, index) for index, (start, end) in enumerate(stretches) if end > start_seconds
        ]
        self._bytes_per_second = sample_rate * 2
        self._now = start_seconds
        self._open = False

    def hear(self, pcm: bytes) -> Iterator[VadEvent]:
        self._now += len(pcm) / self._bytes_per_second
        while self._ahead:
            start, end, index = self._ahead[0]
            if not self._open and self._now >= start:
                self._open = True
                yield SpeechBegan(start, index)
            if not self._open or self._now < end:
                return
            yield self._close(start, end, index)

    def end(self) -> Iterator[VadEvent]:
        if self._open:
            start, _, index = self._ahead[0]
            yield self._close(start, self._now, index)

    def _close(self, start: float, end: float, index: int) -> SpeechEnded:
        self._open = False
        del self._ahead[0]
        return SpeechEnded(start, end, index)


def _rms(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    return math.sqrt(np.dot(samples, samples) / len(samples))
