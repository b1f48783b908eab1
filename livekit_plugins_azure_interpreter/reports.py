"""The reports of an `STT` beside LiveKit's own events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ._recognition.transcripts import Transcript


@dataclass(frozen=True)
class UtteranceRecognized:
    """An utterance is final (`stt.on("utterance_recognized")`).

    Attributes:
        id: Its name in later events; Azure has none for it.
        transcript: The utterance in all languages.
        started_at: When its first word began, in Unix seconds.
        ended_at: When its last word ended, in Unix seconds.
    """

    id: str
    transcript: Transcript
    started_at: float
    ended_at: float


@dataclass(frozen=True)
class VoiceLost:
    """Azure's voice of an utterance will not come, or not completely (`stt.on("voice_lost")`).

    Attributes:
        id: The id of the utterance.
        language: The language of the voice, as Azure calls it.
        reason: Why, in a few words; the same words each time.
        seconds_heard: How much of it had come. If that is 0 and `TTS` has a fallback, the fallback speaks
            the translation.
        seconds_missing: About how much is missing, by the pace of the stream's earlier voices; None if there
            was none.
    """

    id: str
    language: str
    reason: str
    seconds_heard: float
    seconds_missing: float | None


@dataclass(frozen=True)
class VoicesSeparated:
    """Azure does not voice several languages over one connection (`stt.on("voices_separated")`).

    From now on each further spoken language uses a connection of its own, which costs as much as a stream. It
    comes once per STT.

    Attributes:
        reason: How Azure has shown it.
    """

    reason: str


@dataclass(frozen=True)
class SpeechForgotten:
    """Speech was not recognized, and cannot be any more (`stt.on("speech_forgotten")`).

    Azure was away for longer than `kept_audio_seconds`.

    Attributes:
        seconds: How much speech.
    """

    seconds: float


@dataclass
class Counts:
    """The counts of an `STT` since it was made, over all its streams (`stt.counts`).

    Attributes:
        utterances: Final results with words.
        outcomes: Their outcomes, one for each spoken language, as in `UtteranceMetrics`, without utterances
            that still wait.
        voices_lost: Voices that did not come, or not completely, by reason.
        voice_dropped_seconds: Audio of voices that no utterance could get.
        speech_forgotten_seconds: Speech that could not be kept for another attempt any more.
    """

    utterances: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    voices_lost: Counter[str] = field(default_factory=Counter)
    voice_dropped_seconds: float = 0.0
    speech_forgotten_seconds: float = 0.0
