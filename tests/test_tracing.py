"""The spans of utterances: their times, their family, and that none has a word of what was said."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest
from fakes.clock import VirtualLoop, run
from fakes.meeting import FIRST_UTTERANCE, SEGMENTATION_MS, FakeAzure, FakeRoom
from fakes.meeting import Utterance as Spoken
from fakes.record import MemoryRecord
from livekit import rtc
from livekit.agents import telemetry
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from livekit_plugins_azure_interpreter import (
    MeetingInterpreter,
    Transcript,
    UtteranceMetrics,
    UtteranceRecognized,
    UtteranceTraces,
    tracing,
)
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._voices.utterance import Utterance
from livekit_plugins_azure_interpreter.record import Entry, Joined, Keeper, to_json
from livekit_plugins_azure_interpreter.record.scribe import Audience, Presence, Scribe

_SECOND = 1_000_000_000
_WORDS = ("sentence", "phrase", "Satz")
_ELSEWHERE = """
import json, sys
from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
entry, headers = json.loads(sys.stdin.readline()), json.loads(sys.stdin.readline())
with provider.get_tracer("elsewhere").start_as_current_span("written", context=extract(headers)):
    assert entry["kind"] == "utterance"
(span,) = exporter.get_finished_spans()
print(span.context.trace_id, span.parent.span_id)
"""


class Spans:
    """What an exporter gets."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self.provider.get_tracer("test")

    @property
    def all(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == f"azure_interpreter.{name}"]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span


class Source(rtc.EventEmitter[str]):
    """What tells of utterances."""

    def recognize(self, name: str = "utterance-1", *, spoken: Sequence[str] = ("fr",)) -> None:
        translations = {
            language: Utterance(name, "phrase", 0.0).translation if language in spoken else "Satz"
            for language in ("fr", "de")
        }
        times = {"start_time": 0.0, "end_time": 1.0, "translated": True}
        transcript = Transcript("phrase", "fr", "sentence", "en-US", translations, **times)
        self.emit("utterance_recognized", UtteranceRecognized(name, transcript, 1000.0, 1001.0))

    def end(self, name: str = "utterance-1", **metrics: Any) -> None:
        usual: dict[str, Any] = {
            "session_id": "session",
            "timestamp": time.time(),
            "source_language": "en-US",
            "target_language": "fr",
            "outcome": "voiced",
            "lost_reason": None,
            "speech_seconds": 1.0,
            "voice_seconds": 1.5,
            "recognition_delay_seconds": 0.5,
            "end_of_speech_to_first_sound_seconds": 0.9,
            "ear_voice_span_seconds": time.time() - 1000.0 + 0.4,
            "backlog_seconds": 0.0,
            "corrected": False,
        }
        self.emit("utterance_metrics_collected", UtteranceMetrics(id=name, **{**usual, **metrics}))


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def source(spans: Spans) -> Source:
    source = Source()
    UtteranceTraces(source, tracer=spans.tracer)
    return source


def _seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / _SECOND


def test_an_utterance_is_one_trace_from_its_first_word_to_its_last_sound(
    spans: Spans, source: Source
) -> None:
    source.recognize()
    assert spans.named("utterance") == []
    source.end()
    utterance, recognition, voice, heard = map(spans.one, ("utterance", "recognition", "voice", "heard"))
    assert utterance.parent is None
    for part in (recognition, voice, heard):
        assert part.parent is not None
        assert part.parent.span_id == utterance.context.span_id
        assert part.context.trace_id == utterance.context.trace_id
    assert utterance.start_time == recognition.start_time == 1000 * _SECOND
    assert recognition.end_time == voice.start_time
    assert voice.end_time == heard.start_time
    assert _seconds(heard) == pytest.approx(1.5)
    assert utterance.end_time == heard.end_time


def test_a_trace_ends_when_all_spoken_languages_are_over(spans: Spans, source: Source) -> None:
    source.recognize(spoken=("fr", "de"))
    source.end(target_language="fr")
    assert spans.named("utterance") == []
    source.end(target_language="de")
    languages = [
        (span.attributes or {})["azure_interpreter.target_language"] for span in spans.named("heard")
    ]
    assert languages == ["fr", "de"]
    assert spans.one("utterance")


def test_a_lost_voice_is_an_error_with_its_reason_and_was_heard_by_nobody(
    spans: Spans, source: Source
) -> None:
    source.recognize()
    source.end(outcome="lost", lost_reason="no voice came", voice_seconds=0.0, ear_voice_span_seconds=None)
    status = spans.one("voice").status
    assert (status.status_code, status.description) == (trace.StatusCode.ERROR, "no voice came")
    assert spans.named("heard") == []
    assert spans.one("utterance").end_time == spans.one("voice").end_time


def test_an_utterance_without_a_translation_ends_with_its_only_report(spans: Spans, source: Source) -> None:
    source.recognize(spoken=())
    source.end(target_language="", outcome="not_spoken", voice_seconds=0.0, ear_voice_span_seconds=None)
    assert spans.one("utterance")


def test_spans_have_the_fields_of_the_metrics_and_no_words(spans: Spans, source: Source) -> None:
    source.recognize()
    source.end()
    attributes = dict(spans.one("voice").attributes or {})
    assert attributes["azure_interpreter.id"] == "utterance-1"
    assert attributes["azure_interpreter.session_id"] == "session"
    assert attributes["azure_interpreter.outcome"] == "voiced"
    written = " ".join(span.to_json() for span in spans.all)
    assert [word for word in _WORDS if word in written] == []


def test_a_report_of_an_unknown_utterance_makes_no_span(spans: Spans, source: Source) -> None:
    source.end()
    assert not spans.all


def test_the_oldest_trace_ends_unfinished_when_too_many_are_open(
    spans: Spans, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "_MOST_TRACES", 2)
    for number in range(3):
        source.recognize(f"utterance-{number}")
    assert (spans.one("utterance").attributes or {})["azure_interpreter.id"] == "utterance-0"


def test_spans_go_to_livekits_tracer_by_default(spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
    before = telemetry.tracer._tracer_provider
    telemetry.set_tracer_provider(spans.provider)
    try:
        source = Source()
        UtteranceTraces(source)
        source.recognize()
        source.end()
    finally:
        telemetry.set_tracer_provider(before)
    assert spans.one("utterance")


# The record


class Recorded:
    """A source that is traced and recorded."""

    def __init__(self, spans: Spans) -> None:
        self.source, self.record = Source(), MemoryRecord()
        self.keeper = Keeper(self.record)
        self.traces = UtteranceTraces(self.source, record=self.keeper, tracer=spans.tracer)
        scribe = Scribe(self.keeper, "RM_one", "standup")
        scribe.listen(
            self.source, lambda: Presence("alice", "Alice"), lambda _: Audience(frozenset({"bob"}), "voice")
        )

    async def say(self) -> list[Entry]:
        self.source.recognize()
        self.source.end()
        await self.keeper.flush()
        return self.record.entries


async def test_each_entry_about_an_utterance_has_a_span_in_its_trace(spans: Spans) -> None:
    entries = await Recorded(spans).say()
    kept = spans.named("record")
    assert [(span.attributes or {})["azure_interpreter.entry_kind"] for span in kept] == [
        "utterance",
        "heard",
    ]
    about = [entry for entry in entries if entry.kind in ("utterance", "heard")]
    assert [span.start_time for span in kept] == [round(entry.at * _SECOND) for entry in about]
    assert {span.context.trace_id for span in kept} == {spans.one("utterance").context.trace_id}
    written = " ".join(span.to_json() for span in spans.all)
    assert [word for word in _WORDS if word in written] == []


def _written_elsewhere(lines: str) -> str:
    command = [sys.executable, "-c", _ELSEWHERE]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


async def test_another_process_goes_on_with_the_trace_of_an_entry(spans: Spans) -> None:
    recorded = Recorded(spans)
    said = next(entry for entry in await recorded.say() if entry.kind == "utterance")
    lines = f"{to_json(said)}\n{json.dumps(recorded.traces.headers(said))}\n"
    answer = await asyncio.to_thread(_written_elsewhere, lines)
    utterance = spans.one("utterance").context
    assert answer.split() == [str(utterance.trace_id), str(utterance.span_id)]


async def test_an_entry_about_no_utterance_has_no_headers(spans: Spans) -> None:
    joined = Joined(id="run/1", meeting="RM_one", at=1000.0, person="alice")
    assert Recorded(spans).traces.headers(joined) == {}


# A meeting


def test_a_meeting_has_a_span_for_each_language_with_its_track_and_its_listeners(spans: Spans) -> None:
    async def meet(loop: VirtualLoop) -> None:
        room = FakeRoom(loop)
        azure = FakeAzure(room, loop, seed=1)
        fakes: dict[str, Any] = {
            "_open_recognizer": azure,
            "segmentation_silence_timeout_ms": SEGMENTATION_MS,
        }
        credentials = {"speech_key": "a-key", "speech_region": "westeurope"}
        interpreter = MeetingInterpreter(catch_up="none", **credentials, **fakes)
        UtteranceTraces(interpreter, tracer=spans.tracer)
        interpreter._start(room, MeetingRecording(None))
        for identity, language in {"alice": "en", "bob": "fr", "carl": "de", "dora": "de"}.items():
            room.join(identity, language=language)
        room.publish_microphone("alice", "alice-mic")
        now = loop.time()
        room.say(Spoken(FIRST_UTTERANCE + 1, "alice", "en", "alice-mic", now, now + 1.0, 1.0))
        await room.go_on(6.0)
        await interpreter.aclose()

    loop = VirtualLoop()
    run(loop, meet(loop))
    heard = {}
    for span in spans.named("heard"):
        attributes = span.attributes or {}
        heard[attributes["azure_interpreter.track"]] = attributes["azure_interpreter.listeners"]
    assert heard == {"alice-fr": ("bob",), "alice-de": ("carl", "dora")}
    assert (spans.one("utterance").attributes or {})["azure_interpreter.speaker"] == "alice"
