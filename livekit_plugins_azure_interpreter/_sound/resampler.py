"""Changes the sample rate of audio as it comes."""

from __future__ import annotations

import av
import numpy as np


class Resampler:
    """Changes the rate of 16 bit mono PCM, and holds back 1 to 2 ms of it.

    LiveKit's own AudioResampler gives its samples in blocks of 33 ms. So the end of an utterance would come
    with the frame after it, which is 50 ms later in a session.

    Args:
        input_rate, output_rate: In Hz.
    """

    def __init__(self, input_rate: int, output_rate: int) -> None:
        self._input_rate, self._output_rate = input_rate, output_rate
        self._resampler = self._open()

    def push(self, pcm: bytes) -> bytes:
        """The next samples."""
        if not pcm:
            return b""
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate = self._input_rate
        return _join(self._resampler.resample(frame))

    def flush(self) -> bytes:
        """The samples that are held back; others may be pushed afterwards."""
        rest = _join(self._resampler.resample(None))
        self._resampler = self._open()
        return rest

    def _open(self) -> av.AudioResampler:
        return av.AudioResampler("s16", "mono", self._output_rate)


def _join(frames: list[av.AudioFrame]) -> bytes:
    return b"".join(frame.to_ndarray().tobytes() for frame in frames)
