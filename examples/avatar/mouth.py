"""How far a mouth is open, from the voice that comes out of it."""

from __future__ import annotations

import numpy as np

QUIET_DBFS = -50.0
"""A voice as soft as this, or softer, leaves the mouth closed. 0 dBFS is the loudest that 16 bit can be."""
LOUD_DBFS = -15.0
"""A voice as loud as this, or louder, opens it wide."""
CLOSING_SECONDS = 0.12
"""From wide open to closed: a mouth does not snap shut between two syllables."""


class Mouth:
    """Opens at once as its voice sounds, and closes in `CLOSING_SECONDS`."""

    def __init__(self) -> None:
        self.openness = 0.0

    def speak(self, pcm: bytes, seconds: float) -> float:
        """How open it is, 0 to 1, while this is heard (16 bit; empty: silence) for so long."""
        closing = self.openness - seconds / CLOSING_SECONDS
        self.openness = max(0.0, closing, _loudness(pcm))
        return self.openness


def _loudness(pcm: bytes) -> float:
    """From 0, quiet, to 1, loud; in decibels, as the ear hears it."""
    samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float64) / 32768
    power = float(np.mean(samples**2)) if samples.size else 0.0
    dbfs = 10 * np.log10(power) if power else QUIET_DBFS
    return float(np.clip((dbfs - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS), 0, 1))
