"""Frames of any rate are taken at any time, although LiveKit's base class takes one rate only."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, stt

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._livekit_private.any_rate import AnyRateStream

RATES_HZ = [48000, 16000, 8000, 44100, 48000]


class _Own(stt.RecognizeStream):
    """Gives back, as it is, what was pushed."""

    async def _run(self) -> None:
        self.pushed = [item async for item in self._input_ch if isinstance(item, rtc.AudioFrame)]


class _OfAnyRate(AnyRateStream, _Own):
    pass


@pytest.fixture
async def interpreter() -> AsyncIterator[STT]:
    interpreter = STT(target_languages="fr", speech_key="a-key", speech_region="westeurope")
    yield interpreter
    await interpreter.aclose()


def _frames() -> list[rtc.AudioFrame]:
    return [rtc.AudioFrame(bytes(rate // 50), rate, 1, rate // 100) for rate in RATES_HZ]


async def test_frames_of_any_rate_are_taken_as_they_are(interpreter: STT) -> None:
    stream = _OfAnyRate(stt=interpreter, conn_options=DEFAULT_API_CONNECT_OPTIONS)
    for frame in _frames():
        stream.push_frame(frame)
    stream.end_input()
    await stream._task
    assert [frame.sample_rate for frame in stream.pushed] == RATES_HZ
    await stream.aclose()


async def test_livekit_still_refuses_a_second_rate(interpreter: STT) -> None:
    """Where this fails, LiveKit has given up its check, or keeps the rate elsewhere."""
    stream = _Own(stt=interpreter, conn_options=DEFAULT_API_CONNECT_OPTIONS)
    first, second, *_ = _frames()
    stream.push_frame(first)
    assert vars(stream)["_pushed_sr"] == first.sample_rate
    with pytest.raises(ValueError, match="sample rate"):
        stream.push_frame(second)
    await stream.aclose()
