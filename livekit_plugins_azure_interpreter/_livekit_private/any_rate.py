"""Turns off LiveKit's check that all frames have the same sample rate."""

from __future__ import annotations

from livekit.agents import stt


class AnyRateStream(stt.RecognizeStream):
    """A stream whose frames may change their sample rate at any time.

    LiveKit's `push_frame` raises ValueError once the rate changes, since the base class has one resampler
    for all frames. A stream that resamples by itself needs no such check: the rate of the frame before,
    which LiveKit compares with, is never known here.
    """

    @property
    def _pushed_sr(self) -> int:
        return 0

    @_pushed_sr.setter
    def _pushed_sr(self, sample_rate: int) -> None:
        pass
