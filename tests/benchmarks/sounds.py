"""When sounds begin and end in audio that comes piece by piece; and the sounds that are said in a room."""

from __future__ import annotations

import numpy as np
from room.participant import RATE_HZ
from room.speech import recorded, sentences

_LOUD_RMS = 500.0
"""Above what Opus makes of the silence beside a sound, and below what is said here."""
_EDGE_RMS = 1500.0
_PIECE_SECONDS = 0.01
_APART_SECONDS = 0.3
"""Longer than a pause within a sound, and shorter than one between two."""


class SoundEdges:
    """The moments at which sounds came to a place.

    Attributes:
        begins: When the piece came with which a sound begins, in seconds of the shared clock.
        ends: When the piece came with which a sound ends.
    """

    def __init__(self) -> None:
        self.begins: list[float] = []
        self.ends: list[float] = []
        self._loud_at = float("-inf")

    def push(self, pcm: bytes | memoryview, sample_rate: int, at: float) -> None:
        """Take the next samples (16 bit mono), which came at this time."""
        if (_rms(pcm, sample_rate) < _LOUD_RMS).all():
            return
        if at - self._loud_at >= _APART_SECONDS:
            self.begins.append(at)
            self.ends.append(at)
        self.ends[-1] = self._loud_at = at


def utterance() -> bytes:
    """Half a second of a recorded sentence, loud at both ends: 16 bit mono PCM at RATE_HZ."""
    return _between_loud(sentences()[5], 0.69)


def voice() -> bytes:
    """The same of a recorded voice."""
    return _between_loud(recorded("french_1.wav"), 0.44)


def _between_loud(pcm: bytes, most_seconds: float) -> bytes:
    pcm = pcm[: 2 * round(most_seconds * RATE_HZ)]
    (loud,) = np.nonzero(_rms(pcm, RATE_HZ) >= _EDGE_RMS)
    piece = 2 * round(_PIECE_SECONDS * RATE_HZ)
    return pcm[int(loud[0]) * piece : (int(loud[-1]) + 1) * piece]


def _rms(pcm: bytes | memoryview, sample_rate: int) -> np.ndarray:
    """Of each piece; the last one may be shorter."""
    samples = np.frombuffer(pcm, np.int16).astype(np.float32)
    size = round(_PIECE_SECONDS * sample_rate)
    pieces = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
    energies = (pieces**2).mean(axis=1)
    levels: np.ndarray = np.sqrt(energies)
    return levels
