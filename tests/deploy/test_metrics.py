"""The metrics are there from the start, so that Prometheus sees their first increase."""

from __future__ import annotations

from typing import Any

from livekit import rtc
from prometheus_client import REGISTRY
from resilience import metrics

from livekit_plugins_azure_interpreter import STT, InterpretationChanged, SpeakerInterpreted
from livekit_plugins_azure_interpreter._recognition.streams import _EXPECTED_LOSSES
from livekit_plugins_azure_interpreter._voices.utterance import LostReason


def _stt() -> STT:
    return STT(target_languages="fr", speech_key="a-key", speech_region="westeurope")


def _value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_each_reason_of_a_lost_voice_is_known() -> None:
    expected = {str(reason.value) for reason in _EXPECTED_LOSSES}
    assert {*metrics.LOST_REASONS} == {str(reason.value) for reason in LostReason} - expected


def test_a_pair_has_its_metrics_before_anybody_speaks() -> None:
    metrics.watch_pair(_stt(), "sw")
    assert _value("interpreter_outcomes_total", target_language="sw", outcome="lost") == 0
    assert _value("interpreter_ear_voice_span_seconds_count", target_language="sw") == 0
    assert _value("interpreter_voices_lost_total", reason="the connection was lost") is not None


def test_a_meeting_has_the_metrics_of_its_speakers_and_languages() -> None:
    meeting: Any = rtc.EventEmitter()
    metrics.watch_meeting(meeting)
    meeting.emit("speaker_interpreted", SpeakerInterpreted("alice", _stt()))
    meeting.emit("interpretation_changed", InterpretationChanged("alice", "cy", "started"))
    labels = {"kind": "stt", "vendor": "pair", "model": "live-interpreter"}
    assert _value("interpreter_calls_total", outcome="ok", **labels) is not None  # other tests count, too
    assert _value("interpreter_outcomes_total", target_language="cy", outcome="voiced") == 0


def test_the_largest_process_is_at_least_this_one() -> None:
    metrics.watch_memory()
    (family,) = metrics.LARGEST_PROCESS.collect()
    assert [sample.value > 10_000_000 for sample in family.samples] == [True]
