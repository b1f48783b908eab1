"""What is measured of an utterance, and that it is told once."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from livekit_plugins_azure_interpreter._voices.meter import (
    Meter,
    RecognitionTimings,
    UtteranceMetrics,
    span_attributes,
)

TIMINGS = RecognitionTimings(
    id="utterance-1",
    session_id="a-session",
    source_language="en-US",
    target_language="fr",
    speech_seconds=2.0,
    began_at=100.0,
    ended_at=102.0,
    recognized_at=102.5,
)


@pytest.fixture
def told() -> list[UtteranceMetrics]:
    return []


@pytest.fixture
def meter(told: list[UtteranceMetrics]) -> Meter:
    meter = Meter()
    meter.begin(TIMINGS, told.append)
    return meter


def test_a_voice_is_measured_to_its_first_sound(meter: Meter, told: list[UtteranceMetrics]) -> None:
    meter.asked(103.0, backlog_seconds=1.5)
    meter.sounded(103.25, 0.5)
    meter.sounded(103.75, 0.25)
    assert told == []
    meter.end("voiced")
    (metrics,) = told
    assert metrics.ear_voice_span_seconds == 3.25
    assert metrics.end_of_speech_to_first_sound_seconds == 1.25
    assert metrics.recognition_delay_seconds == 0.5
    assert (metrics.voice_seconds, metrics.speech_seconds, metrics.backlog_seconds) == (0.75, 2.0, 1.5)
    assert (metrics.outcome, metrics.lost_reason) == ("voiced", None)
    assert (metrics.id, metrics.session_id) == ("utterance-1", "a-session")
    assert (metrics.source_language, metrics.target_language) == ("en-US", "fr")


@pytest.mark.parametrize("corrected", [True, False])
def test_the_metrics_tell_whether_the_text_was_corrected(
    told: list[UtteranceMetrics], corrected: bool
) -> None:
    meter = Meter()
    meter.begin(replace(TIMINGS, corrected=corrected), told.append)
    meter.end("voiced")
    assert told[0].corrected is corrected


def test_speech_without_a_sound_has_no_latency(meter: Meter) -> None:
    metrics = meter.end("lost", "the connection was lost")
    assert metrics is not None
    assert metrics.lost_reason == "the connection was lost"
    assert (metrics.ear_voice_span_seconds, metrics.end_of_speech_to_first_sound_seconds) == (None, None)


def test_the_metrics_of_an_utterance_are_reported_once(meter: Meter, told: list[UtteranceMetrics]) -> None:
    meter.end("voiced")
    assert meter.end("not_spoken") is None
    assert [metrics.outcome for metrics in told] == ["voiced"]


def test_a_text_that_is_said_again_after_an_error_was_asked_for_the_first_time(
    meter: Meter, told: list[UtteranceMetrics]
) -> None:
    meter.asked(103.0, backlog_seconds=1.0)
    meter.asked(109.0, backlog_seconds=9.0)
    meter.end("voiced")
    assert (meter.asked_at, told[0].backlog_seconds) == (103.0, 1.0)


def test_the_fallbacks_sound_is_a_sound(meter: Meter, told: list[UtteranceMetrics]) -> None:
    meter.sounded(104.0, 0.5, by_fallback=True)
    meter.end("fallback")
    assert (meter.by_fallback, told[0].ear_voice_span_seconds) == (True, 4.0)


def test_nothing_is_measured_if_nobody_listens(told: list[UtteranceMetrics]) -> None:
    assert Meter().end("voiced") is None


def test_a_span_has_every_field_that_is_known_and_no_other(meter: Meter) -> None:
    metrics = meter.end("not_spoken")
    assert metrics is not None
    attributes = span_attributes(metrics)
    known = {field.name for field in fields(metrics) if getattr(metrics, field.name) is not None}
    assert attributes.keys() == {f"azure_interpreter.{name}" for name in known}
    assert attributes["azure_interpreter.outcome"] == "not_spoken"


def test_an_utterance_whose_speech_is_over_before_its_end_is_told_at_its_end(
    told: list[UtteranceMetrics],
) -> None:
    meter = Meter()
    meter.sounded(101.0, 0.5, by_fallback=True)
    meter.end("interrupted")
    assert told == []
    meter.begin(TIMINGS, told.append)
    (metrics,) = told
    assert (metrics.outcome, metrics.ear_voice_span_seconds) == ("interrupted", 1.0)


def test_the_figures_of_what_was_said_before_the_end_are_told(told: list[UtteranceMetrics]) -> None:
    figures = {"words_before_end_share": 0.8, "contradicted_share": 0.1, "average_lagging_seconds": 2.0}
    meter = Meter()
    meter.begin(replace(TIMINGS, **figures), told.append)
    meter.end("fallback")
    assert {name: getattr(told[0], name) for name in figures} == figures
