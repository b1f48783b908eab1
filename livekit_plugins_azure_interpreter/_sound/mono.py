"""Converts audio of any rate and channel count to mono at one rate."""

from __future__ import annotations

import numpy as np
from livekit import rtc

from .resampler import Resampler


class MonoResampler:
    """Mixes frames down to mono, then resamples them. Audio that fits already passes unchanged.

    Args:
        sample_rate: The rate of the result, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._resampler: Resampler | None = None
        self._input_rate = sample_rate

    def push(self, frame: rtc.AudioFrame) -> bytes:
        """The next samples (16 bit, little endian)."""
        pcm = mono(frame)
        if frame.sample_rate == self._sample_rate == self._input_rate:
            return pcm
        before = b""
        if frame.sample_rate != self._input_rate:
            before = self.flush()
            self._start(frame.sample_rate)
        return before + (pcm if self._resampler is None else self._resampler.push(pcm))

    def flush(self) -> bytes:
        """The samples that the resampler still holds."""
        return b"" if self._resampler is None else self._resampler.flush()

    def _start(self, input_rate: int) -> None:
        self._input_rate = input_rate
        fits = input_rate == self._sample_rate
        self._resampler = None if fits else Resampler(input_rate, self._sample_rate)


def mono(frame: rtc.AudioFrame) -> bytes:
    """The samples of a frame, its channels mixed down to their mean."""
    count = frame.num_channels
    # A frame may contain more data than samples.
    data = frame.data[: count * frame.samples_per_channel]
    if count == 1 or not len(data):
        return data.tobytes()
    samples = np.frombuffer(data, np.int16)
    channels = samples.reshape(-1, count).astype(np.float32)
    mean = channels @ np.ones(count, np.float32) / count
    energies = np.einsum("ij,ij->j", channels, channels)
    loudest = energies.max()
    if np.dot(mean, mean) * 4 * count**2 < loudest:
        return _one_of(channels, energies >= loudest / 4)
    return mean.astype(np.int16).tobytes()


def _one_of(channels: np.ndarray, loud: np.ndarray) -> bytes:
    """The first loud channel, since the channels cancel each other in their mean (inverted stereo).

    The mean of a single loud channel and silence has twice the amplitude at which this is used: ordinary
    stereo never gets here. It takes the first one, not the loudest: two that cancel are about equally
    loud, and a change between them would be heard as a click.
    """
    return channels[:, int(np.argmax(loud))].astype(np.int16).tobytes()
