"""Per-utterance timing and outcome. Pure: time is an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

_NAMESPACE = "azure_interpreter"


Outcome = Literal["voiced", "fallback", "lost", "interrupted", "not_spoken", "late", "closed"]
"""What became of an utterance."""


@dataclass(frozen=True)
class UtteranceMetrics:
    """How one utterance was interpreted (`stt.on("utterance_metrics_collected")`), without its words.

    It is told once: when its voice has been handed to LiveKit, or will not be; at the latest when the
    STT is closed. A sound counts from when `TTS` hands its first frame to LiveKit, which plays it at once
    since speeches take turns before `TTS` is asked for them. What networks and the listener's jitter
    buffer add is not in it.

    Attributes:
        id: As in `UtteranceRecognized`; `segment_id` of LiveKit's TTSMetrics.
        session_id: Of the connection to Azure (X-ConnectionId), which Azure's support asks for;
            `request_id` of LiveKit's STTMetrics and TTSMetrics.
        timestamp: When this was told, in Unix seconds.
        source_language: In which it was said, as Azure detected (BCP 47); empty where it did not say.
        target_language: Into which it was translated; empty where it was not.
        outcome: "voiced": Azure's voice was handed on, whole. "fallback": it was said in the voice of
            `TTS(stt, fallback=…)`. "lost": it was to be said, and was not, or not whole (`voice_seconds`).
            "interrupted": whoever wanted it said stopped that. "not_spoken": nobody wanted it said.
            "late": it was said longer ago than `MeetingInterpreter(max_lag_seconds=…)` and was only read.
            "closed": the session was closed before it was its turn.
        lost_reason: Why Azure's voice of it was lost; None: it was not.
        speech_seconds: From its first word to the end of its last.
        voice_seconds: How much voice was handed on.
        recognition_delay_seconds: From the end of speech, which is when the last frame of its last word was
            pushed to the stream, to its final transcript.
        end_of_speech_to_first_sound_seconds: From the end of speech to the first sound; None: there was
            none. Who waits for an earlier translation to end is waited for, too (`backlog_seconds`).
        ear_voice_span_seconds: From when the frame in which its first word begins was pushed to the first
            sound: how far an interpreter's voice is behind the speaker. None: there was no sound.
        backlog_seconds: How much voice, its own included, had come from Azure and was not said yet when it
            was its turn.
    """

    id: str
    session_id: str
    timestamp: float
    source_language: str
    target_language: str
    outcome: Outcome
    lost_reason: str | None
    speech_seconds: float
    voice_seconds: float
    recognition_delay_seconds: float
    end_of_speech_to_first_sound_seconds: float | None
    ear_voice_span_seconds: float | None
    backlog_seconds: float


@dataclass(frozen=True)
class RecognitionTimings:
    """When an utterance was said and recognized. Times are in seconds, on the clock of the event loop.

    Args:
        id: As in other events.
        session_id: Azure's, of the connection.
        source_language, target_language: BCP 47; empty where Azure did not say, or did not translate.
        speech_seconds: From its first word to the end of its last.
        began_at, ended_at: When the audio up to its first word, and up to the end of its last, was pushed.
        recognized_at: When its final result came.
    """

    id: str
    session_id: str
    source_language: str
    target_language: str
    speech_seconds: float
    began_at: float
    ended_at: float
    recognized_at: float


class Meter:
    """Of one utterance. It tells what it has measured once, when it is known what became of it.

    Attributes:
        timings: None: nobody wants to be told.
        asked_at: When it was its turn to be spoken.
        sound_at: When the first sound of it was handed to LiveKit.
        voice_seconds: How much of its voice was.
        by_fallback: It was the fallback's voice.
        outcome: What has become of it, as far as it is known.
    """

    def __init__(self) -> None:
        self.timings: RecognitionTimings | None = None
        self._tell: Callable[[UtteranceMetrics], None] | None = None
        self.asked_at: float | None = None
        self.sound_at: float | None = None
        self.voice_seconds = self._backlog_seconds = 0.0
        self.by_fallback = False
        self.outcome: Outcome | None = None

    def begin(self, timings: RecognitionTimings, tell: Callable[[UtteranceMetrics], None]) -> None:
        """It was recognized; `tell` what becomes of it."""
        self.timings, self._tell = timings, tell

    def asked(self, now: float, *, backlog_seconds: float) -> None:
        """It is its turn to be spoken, and so much voice has come that was not spoken yet."""
        if self.asked_at is None:
            self.asked_at, self._backlog_seconds = now, backlog_seconds

    def sounded(self, now: float, seconds: float, *, by_fallback: bool = False) -> None:
        """More of its voice was handed to LiveKit."""
        if self.sound_at is None:
            self.sound_at = now
        self.voice_seconds += seconds
        self.by_fallback |= by_fallback

    def end(self, outcome: Outcome, lost_reason: str | None = None) -> UtteranceMetrics | None:
        """Nothing more will become of it; None: that was told before, or need not be."""
        self.outcome = outcome
        timings, tell, self._tell = self.timings, self._tell, None
        if timings is None or tell is None:
            return None
        metrics = UtteranceMetrics(
            id=timings.id,
            session_id=timings.session_id,
            timestamp=time.time(),
            source_language=timings.source_language,
            target_language=timings.target_language,
            outcome=outcome,
            lost_reason=lost_reason,
            speech_seconds=timings.speech_seconds,
            voice_seconds=self.voice_seconds,
            recognition_delay_seconds=timings.recognized_at - timings.ended_at,
            end_of_speech_to_first_sound_seconds=self._until_sound(timings.ended_at),
            ear_voice_span_seconds=self._until_sound(timings.began_at),
            backlog_seconds=self._backlog_seconds,
        )
        tell(metrics)
        return metrics

    def _until_sound(self, since: float) -> float | None:
        return None if self.sound_at is None else self.sound_at - since


def span_attributes(metrics: UtteranceMetrics) -> dict[str, str | float]:
    """For OpenTelemetry: each field that is known, as `azure_interpreter.<field>`."""
    return {f"{_NAMESPACE}.{name}": value for name, value in asdict(metrics).items() if value is not None}
