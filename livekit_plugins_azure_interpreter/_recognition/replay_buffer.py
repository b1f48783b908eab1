"""Keeps audio that has no final transcript yet, so that the next attempt can send it again."""

from __future__ import annotations

from collections import deque
from itertools import accumulate

from .._sound.speech_detector import SpeechDetector


class ReplayBuffer:
    """The end of a stream's audio, from the last final transcript on; positions are in seconds.

    Audio that may be speech counts as speech: a false pause would cut an utterance in two, and lost
    speech must be reported.

    Args:
        sample_rate: Of the 16 bit mono PCM, in Hz.
        max_seconds: How much is kept; beyond that the oldest audio is dropped.
    """

    def __init__(self, sample_rate: int, *, max_seconds: float) -> None:
        self._sample_rate = sample_rate
        self._bytes_per_second = sample_rate * 2
        self._max_bytes = int(max_seconds * sample_rate) * 2
        self._detector = SpeechDetector()
        # Each piece has a flag: it may be speech.
        self._pieces: deque[tuple[bytes, bool]] = deque()
        self._first_byte = 0
        self._end_byte = 0
        self._quiet_from_byte = 0
        # Audio that was dropped before a final covered it: its end, and its size in bytes.
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
        # There is one position more than pieces: the end of the last piece.
        found = zip(positions, self._pieces, strict=False)
        return [(position / self._bytes_per_second, pcm) for position, (pcm, _) in found]

    @property
    def quiet_seconds(self) -> float:
        """How long the silence at its end is; infinite without any speech before it."""
        if self._quiet_from_byte <= self._first_byte:
            return float("inf")
        return (self._end_byte - self._quiet_from_byte) / self._bytes_per_second

    def add(self, pcm: bytes) -> None:
        """Add audio that was sent."""
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
        """Note that all audio before this position is recognized."""
        until = round(until_seconds * self._bytes_per_second / 2) * 2
        # It was sent before it was dropped, and was recognized.
        while self._forgotten and self._forgotten[0][0] <= until:
            self._forgotten.popleft()
        self._drop(min(until, self._end_byte) - self._first_byte)

    def take_forgotten_seconds(self) -> float:
        """How much possible speech was dropped before a final covered it; each part is reported once."""
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
