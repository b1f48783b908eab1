"""The events of a meeting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..stt import STT

State = Literal["queued", "started", "ended", "failed"]
WhyUnspoken = Literal["late", "failed"]


@dataclass(frozen=True)
class InterpretationChanged:
    """One person's interpretation into one language (`MeetingInterpreter.on("interpretation_changed")`).

    All languages of one speaker come from one stream: if it fails, each of them does.

    Attributes:
        speaker: The identity of the participant who speaks.
        language: The language that the speech is interpreted into, to be heard or only to be read.
        state: "queued": the speaker waits for a place among `max_streams`; "started": a stream to Azure is
            open, and was asked for this language; "ended": no more of the speech is interpreted into it, and
            what was said before is still spoken; "failed": it is tried again.
        error: Why it failed.
        retry_seconds: In how many seconds it is tried again; None: when something changes in the room.
    """

    speaker: str
    language: str
    state: State
    error: BaseException | None = None
    retry_seconds: float | None = None


@dataclass(frozen=True)
class SpeakerInterpreted:
    """From now on a participant is interpreted (`MeetingInterpreter.on("speaker_interpreted")`).

    It comes again if the participant stops being interpreted, and is interpreted later.

    Attributes:
        speaker: The identity of the participant.
        stt: Hears the participant, and nobody else. Its events tell about each utterance; do not close it.
    """

    speaker: str
    stt: STT


@dataclass(frozen=True)
class SpeechMissed:
    """Some speech is not heard in a language (`MeetingInterpreter.on("speech_missed")`).

    Attributes:
        speaker: The identity of the participant who said it.
        language: The language in which it is not heard.
        reason: "late": it was said more than `max_lag_seconds` before its turn came; it is a caption.
            "failed": its voice could not be played, or not to its end; it can be read.
            "forgotten": Azure was away for longer than `kept_audio_seconds`; there is no caption either.
        seconds: How much speech; all of it, also if the beginning of its voice was heard.
    """

    speaker: str
    language: str
    reason: Literal["late", "failed", "forgotten"]
    seconds: float


Report = InterpretationChanged | SpeakerInterpreted | SpeechMissed
