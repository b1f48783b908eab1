"""Whether what was heard is a certain voice: where it lies, how long it is there, and how alike it is.

Opus changes every sample, and a receiver that is short of packets, or has too many, stretches or shortens
the sound by a few milliseconds. So a voice is compared window by window, each where it fits best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

WINDOW_SECONDS = 0.2
_LOUD_RMS = 200.0
_LEAST_CORRELATION = 0.9
_LEAST_OF_A_WINDOW = 0.3
_DURATION_TOLERANCE = 0.02
_DRIFT_SECONDS = 0.04
"""How far from the place that the window before it suggests a window is looked for."""
_MOST_DISTURBED_SECONDS = 1.0
_UNNOTICED = 0.005
_CERTAIN = 0.7
"""A window that is so alike tells where it is."""


@dataclass(frozen=True)
class Likeness:
    """How a voice is found in what was heard.

    Attributes:
        start_seconds: Where it begins.
        duration: How long it is there, as a share of its own length: 1.0 is neither stretched nor cut.
        correlation: From 0 to 1, over its windows, by their amplitude.
        weakest: The correlation of the window that is the least alike, among those that are loud.
        disturbed: How much of it may be missing or made up, as a share of its length.
    """

    start_seconds: float
    duration: float
    correlation: float
    weakest: float
    disturbed: float = 0.0

    @property
    def whole(self) -> bool:
        """The voice is there, neither cut nor stretched, without a gap."""
        alike = self.correlation > _LEAST_CORRELATION and self.weakest > _LEAST_OF_A_WINDOW
        return alike and abs(self.duration - 1) <= _DURATION_TOLERANCE + self.disturbed


def find_voice(heard: bytes, voice: bytes, rate: int, *, disturbed_seconds: float = 0.0) -> Likeness:
    """Find a voice in what was heard; both are 16 bit mono PCM.

    A voice that is not there has a low correlation.

    Args:
        heard, voice: The sound, and what is looked for in it.
        rate: Of both, in Hz.
        disturbed_seconds: How much of the sound may be missing or made up. The windows that this may have
            spoilt are not counted, half of them at most.
    """
    disturbed_seconds = min(disturbed_seconds, _MOST_DISTURBED_SECONDS)
    sound, wanted = _samples(heard), _samples(voice)
    size = round(WINDOW_SECONDS * rate)
    drift = round((_DRIFT_SECONDS + disturbed_seconds) * rate)
    starts = np.arange(0, len(wanted) - size + 1, size)
    energies = np.array([float(np.sum(wanted[start : start + size] ** 2)) for start in starts])
    padded = np.pad(sound, len(wanted) + drift)  # a voice of which only a part is there is found, too
    shift = int(np.argmax(_products(padded, wanted)))
    shifts, scores = [], []
    for start, energy in zip(starts, energies, strict=True):
        window = wanted[start : start + size]
        first = max(0, shift + start - drift)
        around = padded[first : shift + start + size + drift]
        scored = _products(around, window) / np.sqrt(_energies(around, size) * energy + 1.0)
        best = int(np.argmax(scored))
        if scored[best] > _CERTAIN:
            shift = first + best - start
        shifts.append(shift)
        scores.append(float(scored[best]))
    (loud,) = np.nonzero(energies > 0.1 * energies.max())
    spoilt = min(len(loud) // 2, math.ceil(2 * max(0.0, disturbed_seconds - _UNNOTICED) / WINDOW_SECONDS))
    counted = sorted(loud, key=lambda number: scores[number])[spoilt:]
    return Likeness(
        start_seconds=(shifts[loud[0]] - len(wanted) - drift) / rate,
        duration=1.0 + (shifts[loud[-1]] - shifts[loud[0]]) / len(wanted),
        correlation=float(np.average([scores[n] for n in counted], weights=np.sqrt(energies[counted]))),
        weakest=scores[counted[0]],
        disturbed=disturbed_seconds * rate / len(wanted),
    )


def find_windows(heard: bytes, voice: bytes, rate: int) -> list[bool]:
    """Which windows of a voice, among those that are loud, were heard, wherever: of a voice that was cut."""
    sound, wanted, size = _samples(heard), _samples(voice), round(WINDOW_SECONDS * rate)
    padded = np.pad(sound, size)
    windows = wanted[: len(wanted) // size * size].reshape(-1, size)
    energies = (windows**2).sum(axis=1)
    norms = np.sqrt(_energies(padded, size))
    return [
        bool(np.max(_products(padded, window) / (norms * np.sqrt(energy) + 1.0)) > _CERTAIN)
        for window, energy in zip(windows, energies, strict=True)
        if energy > 0.1 * energies.max()
    ]


def loud_seconds(pcm: bytes, rate: int) -> float:
    """How much of it is sound, not silence."""
    frame = rate // 100
    samples = _samples(pcm)
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return float(np.count_nonzero(np.sqrt((frames**2).mean(axis=1)) >= _LOUD_RMS) / 100)


def _samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def _products(sound: np.ndarray, window: np.ndarray) -> np.ndarray:
    """The inner product of the window with the sound, at each place where it fits in."""
    size = 1 << (len(sound) + len(window) - 1).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(window, size))
    return np.fft.irfft(spectrum, size)[: len(sound) - len(window) + 1]


def _energies(sound: np.ndarray, size: int) -> np.ndarray:
    """The energy of the sound in a window at each place."""
    sums = np.concatenate(([0.0], np.cumsum(sound**2)))
    return sums[size:] - sums[:-size]
