"""What an `STT` reports beside LiveKit's own events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ._recognition.transcripts import Transcript


@dataclass(frozen=True)
class UtteranceRecognized:
    """An utterance is final (`stt.on("utterance_recognized")`).

    Attributes:
        id: Its name in later events; Azure has none for it.
        transcript: What was said, in all languages.
    """

    id: str
    transcript: Transcript


@dataclass(frozen=True)
class VoiceLost:
    """Azure's voice of an utterance will not come, or not whole (`stt.on("voice_lost")`).

    Attributes:
        id: Of the utterance.
        reason: Why, in a few words; the same words each time.
        seconds_heard: How much of it had come. Where that is 0 and `TTS` has a fallback, the translation is
            heard in its voice.
        seconds_missing: About how much is missing, by the pace of the stream's earlier voices; None: there
            was none.
    """

    id: str
    reason: str
    seconds_heard: float
    seconds_missing: float | None


@dataclass(frozen=True)
class SpeechForgotten:
    """Speech was not recognized, and cannot be any more (`stt.on("speech_forgotten")`).

    Azure was away for longer than `kept_audio_seconds`.

    Attributes:
        seconds: How much of it.
    """

    seconds: float


@dataclass
class Counts:
    """What was counted since an `STT` was made, over all its streams (`stt.counts`).

    Attributes:
        utterances: Final results with words.
        outcomes: What became of them, as in `UtteranceMetrics`; those that wait are not in it yet.
        voices_lost: Voices that did not come, or not whole, by reason.
        voice_dropped_seconds: Audio that came and could be given to no utterance.
        speech_forgotten_seconds: Speech that could not be kept for another attempt any more.
    """

    utterances: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    voices_lost: Counter[str] = field(default_factory=Counter)
    voice_dropped_seconds: float = 0.0
    speech_forgotten_seconds: float = 0.0
