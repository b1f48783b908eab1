"""The events of framing: voices, each with a beginning and an end. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .samples import Samples


@dataclass(frozen=True)
class VoiceBegan:
    """A voice begins. No other voice in its language is under way.

    Args:
        language: Which target language it speaks, as the service says; None if it does not name it.
    """

    language: str | None = None


@dataclass(frozen=True)
class VoiceSamples:
    """A piece of the voice that is under way in that language."""

    samples: Samples
    language: str | None = None


@dataclass(frozen=True)
class VoiceEnded:
    """The voice that is under way in that language is over.

    Args:
        at: When its end or its last piece came; if it stopped in its middle, when that was noticed.
        whole: All of it came. False: it stopped in its middle.
        certain: The next audio belongs to another voice. False: it may be the rest of this one.
    """

    at: float
    language: str | None = None
    whole: bool = True
    certain: bool = True


@dataclass(frozen=True)
class LateSamples:
    """Audio of a voice that is over. No utterance may get it."""

    seconds: float
    language: str | None = None


@dataclass(frozen=True)
class VoiceUnplayable:
    """The current voice is not 16 bit PCM: it keeps its place, without sound."""

    reason: str
    language: str | None = None


VoiceEvent = VoiceBegan | VoiceSamples | VoiceEnded | LateSamples | VoiceUnplayable
