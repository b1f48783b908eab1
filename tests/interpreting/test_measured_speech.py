"""A translation that is spoken by a TTS that knows nothing of translations."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from livekit import rtc

from livekit_plugins_azure_interpreter._interpreting.measured_speech import MeasuredSpeech
from livekit_plugins_azure_interpreter._voices.utterance import Clause, Utterance


async def _each(*items: object) -> AsyncIterator[object]:
    for item in items:
        yield item


FRAME = rtc.AudioFrame(bytes(3200), 16000, 1, 1600)


@pytest.mark.parametrize("clauses", [True, False])
async def test_the_sound_of_a_translation_is_measured(clauses: bool) -> None:
    utterance = Utterance.begun("utterance-1", 0.0) if clauses else Utterance("utterance-1", "Oui.", 0.0)
    pieces = [Clause("Oui", utterance), Clause(".", utterance)] if clauses else [utterance.translation]
    speech = MeasuredSpeech()
    passed = [piece async for piece in speech.text(_each(*pieces))]  # type: ignore[arg-type]
    assert all(map(lambda one, other: one is other, passed, pieces))
    frames = [frame async for frame in speech.sound(_each(FRAME, FRAME))]  # type: ignore[arg-type]
    assert frames == [FRAME, FRAME]
    meter = utterance.meter
    assert (meter.voice_seconds, meter.by_fallback) == (pytest.approx(0.2), True)
    assert meter.asked_at is not None
    assert meter.sound_at is not None


async def test_the_sound_of_another_text_passes() -> None:
    speech = MeasuredSpeech()
    assert [piece async for piece in speech.text(_each("Welcome"))] == ["Welcome"]  # type: ignore[arg-type]
    assert [frame async for frame in speech.sound(_each(FRAME))] == [FRAME]  # type: ignore[arg-type]
