"""Keeps audio that has no final transcript yet, so that the next attempt can send it again."""

from __future__ import annotations

from collections import deque
from itertools import accumulate
from typing import NamedTuple

from .._sound.speech_detector import SpeechDetector

_JUDGED_SECONDS = 0.2
"""Speech is looked for in so much audio at once, which costs little more than in one frame."""


class Piece(NamedTuple):
    """A piece of a stream's audio.

    Args:
        position: Where it begins, in seconds.
        pcm: 16 bit mono PCM.
        power: How loud the possible speech in it is (a mean square); 0: there is none.
    """

    position: float
    pcm: bytes
    power: float


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
        self._judged: deque[tuple[bytes, float]] = deque()
        self._unjudged: list[bytes] = []
        self._unjudged_bytes = 0
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
        self._judge()
        return sum(len(pcm) for pcm, power in self._judged if power) / self._bytes_per_second

    def pieces(self) -> list[Piece]:
        """Each piece that is kept now."""
        self._judge()
        positions = accumulate((len(pcm) for pcm, _ in self._judged), initial=self._first_byte)
        # There is one position more than pieces: the end of the last piece.
        found = zip(positions, self._judged, strict=False)
        return [Piece(position / self._bytes_per_second, *judged) for position, judged in found]

    @property
    def quiet_seconds(self) -> float:
        """How long the silence at its end is; infinite without any speech before it."""
        self._judge()
        if self._quiet_from_byte <= self._first_byte:
            return float("inf")
        return (self._end_byte - self._quiet_from_byte) / self._bytes_per_second

    def add(self, pcm: bytes) -> float:
        """Keep audio before it is sent, because an attempt may end at any moment.

        Returns:
            How loud the possible speech is that has become known by now, in this audio or shortly before it;
            0: there is none.
        """
        self._unjudged.append(pcm)
        self._unjudged_bytes += len(pcm)
        self._end_byte += len(pcm)
        if self._unjudged_bytes < _JUDGED_SECONDS * self._bytes_per_second:
            return 0.0
        return self._judge()

    def is_noise(self, power: float) -> bool:
        """Whether what was taken for speech of this power is noise, by what was added until now."""
        return self._detector.is_noise(power)

    def cover(self, until_seconds: float) -> None:
        """Note that all audio before this position is recognized."""
        self._judge()
        until = round(until_seconds * self._bytes_per_second / 2) * 2
        # It was sent before it was dropped, and was recognized.
        while self._forgotten and self._forgotten[0][0] <= until:
            self._forgotten.popleft()
        self._drop(min(until, self._end_byte) - self._first_byte)

    def take_forgotten_seconds(self) -> float:
        """How much possible speech was dropped before a final covered it; each part is reported once."""
        self._judge()
        speech = sum(size for _, size in self._forgotten)
        self._forgotten.clear()
        return speech / self._bytes_per_second

    def _judge(self) -> float:
        """Detect speech in what was added since the last time. Returns how loud it is."""
        if not self._unjudged:
            return 0.0
        powers = self._detector.push_tenths(b"".join(self._unjudged), self._sample_rate)
        tenth, begin = self._bytes_per_second // 10, 0
        for pcm in self._unjudged:
            end = begin + len(pcm)
            power = max(powers[begin // tenth : -(-end // tenth)], default=0.0)
            self._judged.append((pcm, power))
            begin = end
            if power:
                self._quiet_from_byte = self._end_byte - self._unjudged_bytes + end
        self._unjudged, self._unjudged_bytes = [], 0
        if (excess := self._end_byte - self._first_byte - self._max_bytes) > 0:
            speech = sum(len(pcm) for pcm, power in self._drop(excess) if power)
            if speech:
                self._forgotten.append((self._first_byte, speech))
        return max(powers, default=0.0)

    def _drop(self, size: int) -> list[tuple[bytes, float]]:
        if size <= 0:
            return []
        self._first_byte += size
        dropped = []
        while self._judged and size >= len(self._judged[0][0]):
            dropped.append(self._judged.popleft())
            size -= len(dropped[-1][0])
        if size:
            pcm, power = self._judged[0]
            dropped.append((pcm[:size], power))
            self._judged[0] = pcm[size:], power
        return dropped
