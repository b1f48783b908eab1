"""Another voice, for a text that Azure has made none for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from fakes.limits import within
from fakes.tts import Pieces, ToneTTS
from livekit.agents import APIError, tts
from livekit.agents.metrics import TTSMetrics

from livekit_plugins_azure_interpreter._speaking.fallback import check_fallback, speak


async def _say(fallback: tts.TTS, text: str | AsyncIterator[str], reported: list[TTSMetrics]) -> bytes:
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


async def test_a_text_in_pieces_reaches_a_streaming_fallback_piece_by_piece() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "Bonjour, "
        yield "ça va ?"

    fallback = Pieces()
    assert await _say(fallback, pieces(), []) == fallback.tone
    assert fallback.pieces == ["Bonjour, ", "ça va ?"]


async def test_a_text_in_pieces_reaches_another_fallback_sentence_by_sentence() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "The first sentence has enough words to stand alone. The second sen"
        yield "tence also has enough words."

    fallback = ToneTTS(streaming=False)
    await _say(fallback, pieces(), [])
    assert fallback.texts == [
        "The first sentence has enough words to stand alone.",
        "The second sentence also has enough words.",
    ]


async def test_a_text_whose_source_fails_ends_with_what_came() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "Bonjour"
        raise RuntimeError("the source failed")

    fallback = ToneTTS()
    assert await within(_say(fallback, pieces(), [])) == fallback.tone
    assert fallback.texts == ["Bonjour"]


def test_a_fallback_that_is_to_speak_corrections_must_exist() -> None:
    check_fallback(ToneTTS(), fallback_speaks_corrections=True)
    check_fallback(None, fallback_speaks_corrections=False)
    with pytest.raises(ValueError, match="fallback_speaks_corrections needs a fallback"):
        check_fallback(None, fallback_speaks_corrections=True)
