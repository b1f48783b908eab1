"""Detects audio that may be speech because it is louder than the recent noise. Pure."""

from __future__ import annotations

from collections import deque

import numpy as np

_FULL_SCALE = 32768.0**2
_WINDOW_SECONDS = 0.02
"""Speech is found in this time: shorter than a sound of speech."""
_BLOCK_WINDOWS = 5
"""The noise is measured over so many windows, a tenth of a second: shorter than a pause between words."""
_MEMORY_BLOCKS = 50
"""5 s: a speaker pauses within this time, if only for a moment. A sound without a pause is noise."""


def _decibels(level: float) -> float:
    return float(10 ** (level / 10))


_MARGIN = _decibels(6)
"""Noise itself fluctuates by less, speech over it by more."""
_QUIETEST = _FULL_SCALE * _decibels(-64)
"""The lowest level of noise: else the last bit of a silent line would count as speech."""
_ALWAYS_SPEECH = _FULL_SCALE * _decibels(-14)
"""A sound of this level is speech over any noise: nobody could be understood over louder noise."""


class SpeechDetector:
    """Detects speech by its energy, above a floor: the quietest tenth of a second of the last five.

    A quiet telephone is heard, since its noise is quieter still; a steady noise, however loud, is speech
    for its first five seconds at most. The room counts as silent at the start. So
    its mistakes are to take noise for speech; `is_noise` tells later whether it was one.

    LiveKit's own detector (Silero, in `livekit-local-inference`) also tells a voice from a door. It costs
    many times as much, and takes audio of 16 kHz only.
    """

    def __init__(self) -> None:
        self._block_energy = 0.0
        self._block_samples = 0
        self._blocks = deque([_QUIETEST], maxlen=_MEMORY_BLOCKS)
        self._threshold = _QUIETEST * _MARGIN

    def push(self, pcm: bytes, sample_rate: int) -> float:
        """Take the next audio (16 bit mono PCM; the rate in Hz may change).

        A tenth of a second at once costs little more than a fiftieth.

        Returns:
            How loud the possible speech in it is: the mean square of its loudest fiftieth of a second; 0 if
            there is none.
        """
        return max(self.push_tenths(pcm, sample_rate), default=0.0)

    def push_tenths(self, pcm: bytes, sample_rate: int) -> list[float]:
        """Take the next audio as `push` does. Returns how loud the speech in each tenth of a second is."""
        samples = np.frombuffer(pcm, np.int16).astype(np.float32)
        window = max(1, round(sample_rate * _WINDOW_SECONDS))
        block = _BLOCK_WINDOWS * window
        whole = len(samples) - len(samples) % window
        energies = _energies(samples[:whole].reshape(-1, 1, window))
        powers = [
            self._hear(energies[at : at + _BLOCK_WINDOWS], window, block)
            for at in range(0, len(energies), _BLOCK_WINDOWS)
        ]
        if whole < len(samples):
            rest = samples[whole:]
            power = self._hear([float(rest @ rest)], len(rest), block)
            if whole % block:
                power = max(power, powers.pop())
            powers.append(power)
        return powers

    def is_noise(self, power: float) -> bool:
        """Whether audio of this power is noise, by what has been heard until now."""
        return power < self._threshold

    def _hear(self, energies: list[float], window: int, block: int) -> float:
        """Take windows of so many samples each, at most a block. Returns their power if that is speech."""
        power = max(energies) / window
        is_speech = power >= self._threshold
        self._block_energy += sum(energies)
        self._block_samples += len(energies) * window
        if self._block_samples >= block:
            self._learn()
        return power if is_speech else 0.0

    def _learn(self) -> None:
        self._blocks.append(self._block_energy / self._block_samples)
        self._block_energy, self._block_samples = 0.0, 0
        floor = max(_QUIETEST, min(self._blocks))
        self._threshold = min(_ALWAYS_SPEECH, floor * _MARGIN)


def _energies(windows: np.ndarray) -> list[float]:
    """The energy of each window, as its product with itself: a sum of squares takes three calls."""
    energies: list[float] = (windows @ windows.transpose(0, 2, 1)).ravel().tolist()
    return energies
