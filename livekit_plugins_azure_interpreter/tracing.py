"""OpenTelemetry's spans of each utterance: from the microphone to the listeners, and into the record."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from livekit.agents import telemetry
from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from ._meeting.reports import SpeakerInterpreted
from ._options.languages import target
from ._voices.meter import UtteranceMetrics, span_attributes
from ._voices.utterance import Translation
from .meeting import MeetingInterpreter
from .record.entries import Corrected, Entry, Heard, Utterance
from .record.keeper import Keeper
from .record.scribe import Source
from .reports import UtteranceRecognized

_PREFIX = "azure_interpreter."
_NANOSECONDS = 1e9
_MOST_TRACES = 1000
"""So many utterances are remembered, for the entries of the record that come later."""

Attributes = Mapping[str, AttributeValue]
Audience = Callable[[str], "Collection[str] | None"]


class UtteranceTraces:
    """Makes a trace of each utterance, of ids and times, without any words. ::

        UtteranceTraces(stt)

    The spans go to LiveKit's tracer, so to what `livekit.agents.telemetry.set_tracer_provider` was given.
    "Traces" on the page about metrics lists them.

    Args:
        source: An `STT`, a `TranslationModel`, or a `MeetingInterpreter` that has not been started yet.
        record: The keeper of its record, if each entry is to have a span, too.
        tracer: Makes the spans, in place of LiveKit's.
    """

    def __init__(
        self,
        source: Source | MeetingInterpreter,
        *,
        record: Keeper | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._tracer = tracer or telemetry.tracer
        self._traces: dict[str, _Trace] = {}
        if isinstance(source, MeetingInterpreter):
            source.on("speaker_interpreted", partial(self._listen_in, source))
        else:
            self._listen(source, "", lambda language: None)
        if record is not None:
            record.on("entry_kept", self._kept)

    def headers(self, entry: Entry) -> dict[str, str]:
        """What another process needs to go on with the trace of an entry (W3C Trace Context).

        Args:
            entry: An entry about an utterance, before or after it was kept.

        Returns:
            The header `traceparent`; empty if the entry is about no utterance, or about one from long ago.
        """
        headers: dict[str, str] = {}
        if (trace := self._trace_of(entry)) is not None:
            TraceContextTextMapPropagator().inject(headers, trace.context)
        return headers

    def _listen_in(self, meeting: MeetingInterpreter, change: SpeakerInterpreted) -> None:
        def listeners(language: str) -> Collection[str]:
            return meeting.interpretations.get((change.speaker, target(language)), ())

        self._listen(change.stt, change.speaker, listeners)

    def _listen(self, source: Source, speaker: str, audience: Audience) -> None:
        source.on("utterance_recognized", partial(self._recognized, speaker))
        source.on("utterance_metrics_collected", partial(self._ended, speaker, audience))

    def _recognized(self, speaker: str, utterance: UtteranceRecognized) -> None:
        said = utterance.transcript
        attributes = {f"{_PREFIX}id": utterance.id, f"{_PREFIX}source_language": said.source_language}
        if speaker:
            attributes[f"{_PREFIX}speaker"] = speaker
        span = self._tracer.start_span(
            f"{_PREFIX}utterance",
            context=Context(),  # a trace of its own: what runs now, such as a job, lasts for hours
            attributes=attributes,
            start_time=_nanoseconds(utterance.started_at),
        )
        spoken = sum(isinstance(text, Translation) for text in said.translations.values())
        trace = _Trace(span, utterance.started_at, time.time(), awaited=max(1, spoken))
        self._remember(utterance.id, trace)
        self._add("recognition", trace, trace.started_at, trace.recognized_at)

    def _ended(self, speaker: str, audience: Audience, metrics: UtteranceMetrics) -> None:
        """It is over in one language."""
        if (trace := self._traces.get(metrics.id)) is None:
            return
        language, behind_seconds = metrics.target_language, metrics.ear_voice_span_seconds
        sound_at = metrics.timestamp if behind_seconds is None else trace.started_at + behind_seconds
        error = metrics.lost_reason if metrics.outcome == "lost" else None
        measured = span_attributes(metrics)
        self._add("voice", trace, trace.recognized_at, sound_at, measured, error=error)
        if metrics.voice_seconds:
            attributes: dict[str, AttributeValue] = {f"{_PREFIX}target_language": language}
            if (listeners := audience(language)) is not None:
                attributes[f"{_PREFIX}track"] = f"{speaker}-{target(language)}"
                attributes[f"{_PREFIX}listeners"] = sorted(listeners)
            self._add("heard", trace, sound_at, sound_at + metrics.voice_seconds, attributes)
        trace.over_in_one_language()

    def _kept(self, entry: Entry) -> None:
        if (trace := self._trace_of(entry)) is not None:
            attributes: dict[str, AttributeValue] = {
                f"{_PREFIX}entry": entry.id,
                f"{_PREFIX}entry_kind": entry.kind,
                f"{_PREFIX}entry_number": entry.number,
                f"{_PREFIX}meeting": entry.meeting,
            }
            self._add("record", trace, entry.at, time.time(), attributes)

    def _add(
        self,
        name: str,
        trace: _Trace,
        start: float,
        end: float,
        attributes: Attributes | None = None,
        *,
        error: str | None = None,
    ) -> None:
        """Add a span of what is over; times are in Unix seconds."""
        end = max(start, end)
        span = self._tracer.start_span(
            _PREFIX + name, context=trace.context, attributes=attributes, start_time=_nanoseconds(start)
        )
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(_nanoseconds(end))
        trace.last_at = max(trace.last_at, end)

    def _remember(self, utterance: str, trace: _Trace) -> None:
        self._traces[utterance] = trace
        if len(self._traces) > _MOST_TRACES:
            self._traces.pop(next(iter(self._traces))).end()

    def _trace_of(self, entry: Entry) -> _Trace | None:
        match entry:
            case Utterance(id=name) | Heard(utterance=name) | Corrected(utterance=name):
                # The record puts a word before it that makes it unique in the meeting.
                return self._traces.get(name.rpartition("/")[2])
            case _:
                return None


@dataclass
class _Trace:
    """The trace of one utterance; times are in Unix seconds.

    Attributes:
        span: Its first span, which has all others in it.
        started_at: When the first word began.
        recognized_at: When the utterance became final.
        awaited: In how many languages it is not over.
        last_at: When the latest of its spans ends.
    """

    span: Span
    started_at: float
    recognized_at: float
    awaited: int
    last_at: float = 0.0

    @property
    def context(self) -> Context:
        return set_span_in_context(self.span, Context())

    def over_in_one_language(self) -> None:
        self.awaited -= 1
        if not self.awaited:
            self.end()

    def end(self) -> None:
        """End the first span, unless it has ended before."""
        if self.span.is_recording():
            self.span.end(_nanoseconds(self.last_at))


def _nanoseconds(seconds: float) -> int:
    return round(seconds * _NANOSECONDS)
