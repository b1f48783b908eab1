"""How the vendors and the pair do, for the Prometheus endpoint of the worker.

Jobs have counters and histograms only: they add up over the processes of a worker, also those that have
ended. All metrics have labels: one without would open its file as this is imported, and LiveKit empties the
directory after that, as the worker starts.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal, get_args, get_type_hints

import psutil
from livekit.agents import llm, stt, tts
from livekit.agents.metrics import AgentMetrics, LLMMetrics, STTMetrics, TTSMetrics
from prometheus_client import Counter, Gauge, Histogram

import livekit_plugins_azure_interpreter as azure_interpreter

Kind = Literal["stt", "llm", "tts"]
Vendor = stt.STT[Any] | llm.LLM[Any] | tts.TTS[Any]

_VENDOR = ("kind", "vendor", "model")
_HEARD_SECONDS = 1.0
"""An STT reports audio every few seconds. It also reports a connection, without any, and the little that it
was sent before it was refused."""

CALLS = Counter(
    "interpreter_calls",
    "Requests to an LLM or TTS, stretches of audio that an STT has heard; outcome: ok or error",
    (*_VENDOR, "outcome"),
)
TAKEN_OFF = Counter("interpreter_taken_off", "How often a vendor failed so that the next took over", _VENDOR)
RECOVERED = Counter("interpreter_recovered", "How often it was found to work again", _VENDOR)
FIRST_RESPONSE = Histogram(
    "interpreter_first_response_seconds",
    "Request to the first word of an LLM, or first sound of a TTS",
    _VENDOR,
)
AUDIO = Counter("interpreter_audio_seconds", "Speech heard by an STT, or made by a TTS", _VENDOR)
UTTERANCES = Counter("interpreter_utterances", "Utterances that the pair has recognized", ("translated",))
VOICES_LOST = Counter("interpreter_voices_lost", "Voices that Azure did not give, or not whole", ("reason",))
LOST_REASONS = (
    "Azure sent no voice in time",
    "the voice stopped in its middle",
    "the voice had no sound",
    "a voice came that may belong to another utterance",
    "the connection was lost",
    "the stream ended",
    "too much audio was waiting to be spoken",
)
LARGEST_PROCESS = Gauge(
    "interpreter_largest_process_bytes",
    "Resident memory of the largest process of the worker",
    ("nodename",),
    multiprocess_mode="mostrecent",
)

# What matters to a listener, of each utterance that is over (`UtteranceMetrics` says exactly what it is).
_SPOKEN = ("target_language",)
_SECONDS = (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 30)
OUTCOMES = Counter("interpreter_outcomes", "What became of an utterance", (*_SPOKEN, "outcome"))
SPEECH = Counter("interpreter_speech_seconds", "Speech that was recognized, without its pauses", _SPOKEN)
EAR_VOICE_SPAN = Histogram(
    "interpreter_ear_voice_span_seconds",
    "First word to first sound of its voice",
    _SPOKEN,
    buckets=_SECONDS,
)
FIRST_SOUND = Histogram(
    "interpreter_first_sound_seconds",
    "End of speech to first sound of its voice",
    _SPOKEN,
    buckets=_SECONDS,
)
BACKLOG = Histogram(
    "interpreter_backlog_seconds",
    "Voice that waits, as an utterance is to be said",
    _SPOKEN,
    buckets=_SECONDS,
)


def watch_vendors(kind: Kind, adapter: Vendor, vendors: Mapping[str, Vendor]) -> None:
    """Count what each vendor does, and each time that their FallbackAdapter takes one off or on again.

    Args:
        kind: What they do.
        adapter: The FallbackAdapter.
        vendors: Those behind it, by the names that the metrics give them.
    """
    labels = {vendor: watch_vendor(kind, name, vendor) for name, vendor in vendors.items()}

    def availability_changed(event: Any) -> None:
        (RECOVERED if event.available else TAKEN_OFF).labels(*labels[getattr(event, kind)]).inc()

    adapter.on(f"{kind}_availability_changed", availability_changed)


def watch_vendor(kind: Kind, name: str, vendor: Vendor) -> tuple[str, ...]:
    """Count what a vendor does; returns its labels."""
    labels = (kind, name, vendor.model)
    vendor.on("metrics_collected", partial(_succeeded, labels))
    vendor.on("error", partial(_failed, labels))
    # Shown from the start, as 0: Prometheus sees no increase in what was not there before.
    for outcome in ("ok", "error"):
        CALLS.labels(*labels, outcome)
    for metric in (TAKEN_OFF, RECOVERED, AUDIO, *([] if kind == "stt" else [FIRST_RESPONSE])):
        metric.labels(*labels)
    return labels


def watch_meeting(meeting: azure_interpreter.MeetingInterpreter) -> None:
    """Count what everybody in a meeting says, and what is heard of it. Call it before the start."""

    def interpreted(change: azure_interpreter.SpeakerInterpreted) -> None:
        watch_vendor("stt", "pair", change.stt)
        watch_pair(change.stt)

    meeting.on("speaker_interpreted", interpreted)
    meeting.on("interpretation_changed", lambda change: _show(change.language))


def watch_memory() -> None:
    """Measure the processes of this worker, those of its jobs included."""
    largest = 0
    worker = psutil.Process()
    for process in (worker, *worker.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            largest = max(largest, process.memory_info().rss)
    LARGEST_PROCESS.labels(platform.node()).set(largest)


def watch_pair(pair: azure_interpreter.STT, *languages: str) -> None:
    """Count what the pair tells besides LiveKit's own events.

    Args:
        pair: Its STT.
        *languages: Those that it speaks.
    """
    for translated in ("yes", "no"):
        UTTERANCES.labels(translated)
    for reason in LOST_REASONS:
        VOICES_LOST.labels(reason)
    for language in languages:
        _show(language)
    pair.on("utterance_recognized", _recognized)
    pair.on("voice_lost", _lost)
    pair.on("utterance_metrics_collected", _ended)


def _show(language: str) -> None:
    """Have the metrics of a language from its start on, as 0."""
    for outcome in get_args(get_type_hints(azure_interpreter.UtteranceMetrics)["outcome"]):
        OUTCOMES.labels(language, outcome)
    for metric in (SPEECH, BACKLOG, EAR_VOICE_SPAN, FIRST_SOUND):
        metric.labels(language)


def _succeeded(labels: tuple[str, ...], metrics: AgentMetrics) -> None:
    match metrics:
        case STTMetrics(audio_duration=seconds):
            AUDIO.labels(*labels).inc(seconds)
            if seconds < _HEARD_SECONDS:
                return
        case LLMMetrics(ttft=seconds):
            FIRST_RESPONSE.labels(*labels).observe(seconds)
        case TTSMetrics(ttfb=first, audio_duration=seconds):
            FIRST_RESPONSE.labels(*labels).observe(first)
            AUDIO.labels(*labels).inc(seconds)
    CALLS.labels(*labels, "ok").inc()


def _failed(labels: tuple[str, ...], _: object) -> None:
    CALLS.labels(*labels, "error").inc()


def _recognized(utterance: azure_interpreter.UtteranceRecognized) -> None:
    UTTERANCES.labels("yes" if utterance.transcript.translated else "no").inc()


def _lost(voice: azure_interpreter.VoiceLost) -> None:
    VOICES_LOST.labels(voice.reason).inc()


def _ended(utterance: azure_interpreter.UtteranceMetrics) -> None:
    language = utterance.target_language or "none"
    OUTCOMES.labels(language, utterance.outcome).inc()
    SPEECH.labels(language).inc(utterance.speech_seconds)
    BACKLOG.labels(language).observe(utterance.backlog_seconds)
    if utterance.ear_voice_span_seconds is not None:
        EAR_VOICE_SPAN.labels(language).observe(utterance.ear_voice_span_seconds)
    if utterance.end_of_speech_to_first_sound_seconds is not None:
        FIRST_SOUND.labels(language).observe(utterance.end_of_speech_to_first_sound_seconds)
