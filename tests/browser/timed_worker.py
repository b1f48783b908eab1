"""The worker of the page, which logs when it begins to play a voice: `python -m livekit.agents start` runs it."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

import numpy as np
from livekit import rtc

from livekit_plugins_azure_interpreter.web.worker import server

__all__ = ["server"]
PLAYED = "a voice began at"
_LOUD = 300
_APART_SECONDS = 0.6
_logger = logging.getLogger("livekit.agents.timed")


def _timed(
    capture: Callable[[rtc.AudioSource, rtc.AudioFrame], Awaitable[None]],
) -> Callable[[rtc.AudioSource, rtc.AudioFrame], Awaitable[None]]:
    loud_until: dict[int, float] = {}

    async def capture_frame(source: rtc.AudioSource, frame: rtc.AudioFrame) -> None:
        samples = np.frombuffer(frame.data, dtype=np.int16)
        (loud,) = np.nonzero(np.abs(samples.astype(np.int32)) > _LOUD)
        if len(loud):
            # What is queued is played before it.
            starts = time.time() + source.queued_duration
            at = starts + loud[0] / frame.sample_rate
            if at - loud_until.get(id(source), 0.0) > _APART_SECONDS:
                _logger.info("%s %.3f", PLAYED, at)
            loud_until[id(source)] = starts + loud[-1] / frame.sample_rate
        await capture(source, frame)

    return capture_frame


rtc.AudioSource.capture_frame = _timed(rtc.AudioSource.capture_frame)  # type: ignore[method-assign]
