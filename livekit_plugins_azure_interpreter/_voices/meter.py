"""Per-utterance timing and outcome. Pure: time is an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

_NAMESPACE = "azure_interpreter"


Outcome = Literal["voiced", "fallback", "lost", "interrupted", "not_spoken", "late", "closed"]
"""The outcome of an utterance."""


@dataclass(frozen=True)
class UtteranceMetrics:
    """How one utterance was interpreted (`stt.on("utterance_metrics_collected")`), without its words.

    The event comes once: when its voice has been handed to LiveKit, or will not be; at the latest when the
    STT is closed. A sound begins when `TTS` hands its first frame to LiveKit, which plays it at once,
    because LiveKit asks `TTS` for one speech after another. The times exclude network and jitter-buffer
    delay.

    Attributes:
        id: As in `UtteranceRecognized`; `segment_id` of LiveKit's TTSMetrics.
        session_id: The id of the connection (X-ConnectionId), which Azure's support asks for;
            `request_id` of LiveKit's STTMetrics and TTSMetrics.
        timestamp: When this was reported, in Unix seconds.
        source_language: The spoken language, as Azure detected it (BCP 47); empty if Azure does not name it.
        target_language: The language of the translation; empty if there is none.
        outcome: "voiced": Azure's voice was spoken completely. "fallback": the `fallback` of `TTS` spoke it.
            "lost": it was not spoken, or not completely (`voice_seconds`). "interrupted": its speech was
            interrupted. "not_spoken": nobody wanted it spoken. "late": it was older than
            `MeetingInterpreter(max_lag_seconds=…)`, so it was only a caption.
            "closed": the session was closed before it was its turn.
        lost_reason: Why its voice was lost; None if it was not.
        speech_seconds: From its first word to the end of its last.
        voice_seconds: How much voice was handed on.
        recognition_delay_seconds: From the end of speech, which is when the last frame of its last word was
            pushed to the stream, to its final transcript.
        end_of_speech_to_first_sound_seconds: From the end of speech to the first sound; None if there
            was none. It includes the wait for earlier translations (`backlog_seconds`).
        ear_voice_span_seconds: From the push of the frame in which its first word begins to the first
            sound: how far the interpreter's voice is behind the speaker. None if there was no sound.
        backlog_seconds: How much voice, its own included, had come from Azure and was not said yet when it
            was its turn.
        corrected: The glossary changed its translation, so that Azure's voice says something else.
        words_before_end_share: The share of its words that were said before its final result came; None: it
            was not said before its end. So are the next two.
        contradicted_share: The share of the words said before its final result came that the result has
            otherwise, or not at all.
        average_lagging_seconds: How far its words are behind those of the speaker (Ma et al. 2019), from when
            they were given to the voice.
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
    corrected: bool
    words_before_end_share: float | None = None
    contradicted_share: float | None = None
    average_lagging_seconds: float | None = None


@dataclass(frozen=True)
class RecognitionTimings:
    """When an utterance was said and recognized. Times are in seconds, on the clock of the event loop.

    Args:
        id: As in other events.
        session_id: Azure's id of the connection.
        source_language, target_language: BCP 47; empty if Azure did not name it, or did not translate.
        speech_seconds: From its first word to the end of its last.
        began_at, ended_at: When the audio up to its first word, and up to the end of its last, was pushed.
        recognized_at: When its final result came.
        corrected: The glossary changed its translation.
        words_before_end_share, contradicted_share, average_lagging_seconds: As of `UtteranceMetrics`.
    """

    id: str
    session_id: str
    source_language: str
    target_language: str
    speech_seconds: float
    began_at: float
    ended_at: float
    recognized_at: float
    corrected: bool = False
    words_before_end_share: float | None = None
    contradicted_share: float | None = None
    average_lagging_seconds: float | None = None


class Meter:
    """Measures one utterance, and reports it once, when its outcome is known.

    Attributes:
        timings: None if nobody wants a report.
        asked_at: When it was its turn to be spoken.
        sound_at: When the first sound of it was handed to LiveKit.
        voice_seconds: How much of its voice was handed to LiveKit.
        by_fallback: It was the fallback's voice.
        outcome: Its outcome, as far as it is known.
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
        """Begin, when it was recognized; `tell` gets the report."""
        self.timings, self._tell = timings, tell
        if self.outcome is not None:
            self.end(self.outcome)  # it was said before its end, and its speech is over

    def asked(self, now: float, *, backlog_seconds: float) -> None:
        """Its turn to be spoken has come, with so much voice that waits to be spoken."""
        if self.asked_at is None:
            self.asked_at, self._backlog_seconds = now, backlog_seconds

    def sounded(self, now: float, seconds: float, *, by_fallback: bool = False) -> None:
        """More of its voice was handed to LiveKit."""
        if self.sound_at is None:
            self.sound_at = now
        self.voice_seconds += seconds
        self.by_fallback |= by_fallback

    def end(self, outcome: Outcome, lost_reason: str | None = None) -> UtteranceMetrics | None:
        """Set its outcome. Returns the report; None if that was made before, or is not wanted."""
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
            corrected=timings.corrected,
            words_before_end_share=timings.words_before_end_share,
            contradicted_share=timings.contradicted_share,
            average_lagging_seconds=timings.average_lagging_seconds,
        )
        tell(metrics)
        return metrics

    def _until_sound(self, since: float) -> float | None:
        return None if self.sound_at is None else self.sound_at - since


def span_attributes(metrics: UtteranceMetrics) -> dict[str, str | float]:
    """For OpenTelemetry: each field that is known, as `azure_interpreter.<field>`."""
    return {f"{_NAMESPACE}.{name}": value for name, value in asdict(metrics).items() if value is not None}
