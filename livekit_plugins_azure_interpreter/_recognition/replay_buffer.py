"""Keeps audio that has no final transcript yet, so that the next attempt can send it again."""

from __future__ import annotations

from collections import deque
from itertools import accumulate

from .._sound.speech_detector import SpeechDetector


class ReplayBuffer:
    """The end of a stream's audio, from the last final transcript on; positions are in seconds.

    What may be speech counts as speech: a pause that is none would cut an utterance in two, and speech
    that is lost must be told.

    Args:
        sample_rate: Of the 16 bit mono PCM, in Hz.
        max_seconds: How much is kept; beyond that the oldest is let go.
    """

    def __init__(self, sample_rate: int, *, max_seconds: float) -> None:
        self._sample_rate = sample_rate
        self._bytes_per_second = sample_rate * 2
        self._max_bytes = int(max_seconds * sample_rate) * 2
        self._detector = SpeechDetector()
        # Each with whether it may be speech.
        self._pieces: deque[tuple[bytes, bool]] = deque()
        self._first_byte = 0
        self._end_byte = 0
        self._quiet_from_byte = 0
        # What was let go although no final had covered it: where it ends, and how many bytes.
        self._forgotten: deque[tuple[int, int]] = deque()

    @property
    def start_seconds(self) -> float:
        """The position of the oldest sample that is kept."""
        return self._first_byte / self._bytes_per_second

    @property
    def end_seconds(self) -> float:
        """The position after the newest sample: how much was ever added."""
        return self._end_byte / self._bytes_per_second

    @property
    def kept_seconds(self) -> float:
        """How much is kept."""
        return (self._end_byte - self._first_byte) / self._bytes_per_second

    @property
    def speech_seconds(self) -> float:
        """How much of what is kept may be speech."""
        return sum(len(pcm) for pcm, spoken in self._pieces if spoken) / self._bytes_per_second

    def pieces(self) -> list[tuple[float, bytes]]:
        """Each piece that is kept now, with its position."""
        positions = accumulate((len(pcm) for pcm, _ in self._pieces), initial=self._first_byte)
        # One position more than pieces: that after the last.
        found = zip(positions, self._pieces, strict=False)
        return [(position / self._bytes_per_second, pcm) for position, (pcm, _) in found]

    @property
    def quiet_seconds(self) -> float:
        """How long the silence at its end is; without any speech before it, for ever."""
        if self._quiet_from_byte <= self._first_byte:
            return float("inf")
        return (self._end_byte - self._quiet_from_byte) / self._bytes_per_second

    def add(self, pcm: bytes) -> None:
        """More audio was sent."""
        spoken = self._detector.push(pcm, self._sample_rate)
        self._pieces.append((pcm, spoken))
        self._end_byte += len(pcm)
        if spoken:
            self._quiet_from_byte = self._end_byte
        excess = self._end_byte - self._first_byte - self._max_bytes
        if excess > 0:
            speech = sum(len(pcm) for pcm, spoken in self._drop(excess) if spoken)
            if speech:
                self._forgotten.append((self._first_byte, speech))

    def cover(self, until_seconds: float) -> None:
        """All audio before this position is dealt with."""
        until = round(until_seconds * self._bytes_per_second / 2) * 2
        # It had been sent before it was let go, and was heard.
        while self._forgotten and self._forgotten[0][0] <= until:
            self._forgotten.popleft()
        self._drop(min(until, self._end_byte) - self._first_byte)

    def take_forgotten_seconds(self) -> float:
        """How much audio that may be speech was let go although no final covers it; each is told once."""
        speech = sum(size for _, size in self._forgotten)
        self._forgotten.clear()
        return speech / self._bytes_per_second

    def _drop(self, size: int) -> list[tuple[bytes, bool]]:
        if size <= 0:
            return []
        self._first_byte += size
        dropped = []
        while self._pieces and size >= len(self._pieces[0][0]):
            dropped.append(self._pieces.popleft())
            size -= len(dropped[-1][0])
        if size:
            pcm, spoken = self._pieces[0]
            dropped.append((pcm[:size], spoken))
            self._pieces[0] = pcm[size:], spoken
        return dropped
