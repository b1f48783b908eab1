"""Another voice, for a text that Azure has made none for."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from fakes.tts import ToneTTS
from livekit.agents import APIError, tts
from livekit.agents.metrics import TTSMetrics

from livekit_plugins_azure_interpreter._speaking.fallback import speak


async def _say(fallback: tts.TTS, text: str, reported: list[TTSMetrics]) -> bytes:
    speaking = speak(fallback, text, timeout=5.0, metered=reported.append)
    async with contextlib.aclosing(speaking):
        return b"".join([bytes(frame.data) async for frame in speaking])


def _adapted(tone: ToneTTS) -> tts.TTS:
    return tts.FallbackAdapter([tone])


@pytest.mark.parametrize("streaming", [True, False])
async def test_the_fallbacks_frames_and_metrics_are_handed_on(streaming: bool) -> None:
    fallback, reported = ToneTTS(streaming=streaming), list[TTSMetrics]()
    assert await _say(fallback, "Bonjour", reported) == fallback.tone
    assert [(metrics.label, metrics.characters_count) for metrics in reported] == [(fallback.label, 7)]


async def test_an_adapter_reports_for_the_tts_that_said_the_text() -> None:
    tone, reported = ToneTTS(), list[TTSMetrics]()
    adapter = _adapted(tone)
    await _say(adapter, "Bonjour", reported)
    await adapter.aclose()
    assert [metrics.label for metrics in reported] == [tone.label]


async def test_texts_that_are_said_at_once_are_each_reported_to_who_asked() -> None:
    fallback, one, other = ToneTTS(), list[TTSMetrics](), list[TTSMetrics]()
    await asyncio.gather(_say(fallback, "Oui", one), _say(fallback, "Bonjour", other))
    assert [metrics.characters_count for metrics in one] == [3]
    assert [metrics.characters_count for metrics in other] == [7]


async def test_nothing_listens_to_it_afterwards() -> None:
    fallback, reported = ToneTTS(), list[TTSMetrics]()
    await _say(fallback, "Bonjour", reported)
    async with fallback.synthesize("Bonsoir") as stream:
        await stream.collect()
    assert len(reported) == 1
    assert not any(fallback._events.values())


async def test_an_error_of_the_fallback_is_raised() -> None:
    with pytest.raises(APIError):
        await _say(ToneTTS(failures=1), "Bonjour", [])
