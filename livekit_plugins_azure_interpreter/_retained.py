"""Audio that was sent and is not dealt with yet, for the next attempt to send again."""

from __future__ import annotations

from collections import deque
from itertools import accumulate

from ._audio import is_loud


class RetainedAudio:
    """The end of a stream's audio, from the last final transcript on; positions are in seconds.

    Args:
        sample_rate: Of the 16 bit mono PCM, in Hz.
        max_seconds: How much is kept; beyond that the oldest is let go.

    Attributes:
        forgotten_seconds: How much audio that may be speech was let go although no final covered it.
    """

    def __init__(self, sample_rate: int, *, max_seconds: float) -> None:
        self._bytes_per_second = sample_rate * 2
        self._max_bytes = int(max_seconds * sample_rate) * 2
        self._pieces: deque[bytes] = deque()
        self._first_byte = 0
        self._end_byte = 0
        self.forgotten_seconds = 0.0

    @property
    def start_seconds(self) -> float:
        """The position of the oldest sample that is kept."""
        return self._first_byte / self._bytes_per_second

    @property
    def end_seconds(self) -> float:
        """The position after the newest sample: how much was ever added."""
        return self._end_byte / self._bytes_per_second

    def pieces(self) -> list[tuple[float, bytes]]:
        """Each piece that is kept now, with its position."""
        positions = accumulate((len(piece) for piece in self._pieces), initial=self._first_byte)
        # One position more than pieces: that after the last.
        found = zip(positions, self._pieces, strict=False)
        return [(position / self._bytes_per_second, piece) for position, piece in found]

    @property
    def quiet_seconds(self) -> float:
        """How long the silence at its end is; without any speech before it, for ever."""
        quiet = 0
        for piece in reversed(self._pieces):
            if is_loud(piece):
                return quiet / self._bytes_per_second
            quiet += len(piece)
        return float("inf")

    def add(self, pcm: bytes) -> None:
        """More audio was sent."""
        self._pieces.append(pcm)
        self._end_byte += len(pcm)
        excess = self._end_byte - self._first_byte - self._max_bytes
        if excess > 0:
            speech = sum(len(dropped) for dropped in self._drop(excess) if is_loud(dropped))
            self.forgotten_seconds += speech / self._bytes_per_second

    def cover(self, until_seconds: float) -> None:
        """All audio before this position is dealt with."""
        until = round(until_seconds * self._bytes_per_second / 2) * 2
        self._drop(min(until, self._end_byte) - self._first_byte)

    def _drop(self, size: int) -> list[bytes]:
        if size <= 0:
            return []
        self._first_byte += size
        dropped = []
        while self._pieces and size >= len(self._pieces[0]):
            dropped.append(self._pieces.popleft())
            size -= len(dropped[-1])
        if size:
            dropped.append(self._pieces[0][:size])
            self._pieces[0] = self._pieces[0][size:]
        return dropped
