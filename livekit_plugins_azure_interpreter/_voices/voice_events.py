"""What framing makes of the service's chunks: voices, each with a beginning and an end. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .samples import Samples


@dataclass(frozen=True)
class VoiceBegan:
    """A voice begins. Of one language, no other voice is under way.

    Args:
        language: Which target language it speaks, as the service says; None: it does not say.
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
        at: When its end came, or its last piece; of one that stopped, when that was noticed.
        whole: All of it came. False: it stopped in its middle.
        certain: What comes next is of another voice. False: it may be the rest of this one.
    """

    at: float
    language: str | None = None
    whole: bool = True
    certain: bool = True


@dataclass(frozen=True)
class LateSamples:
    """Audio of a voice that is over. Nobody may be given it."""

    seconds: float
    language: str | None = None


@dataclass(frozen=True)
class VoiceUnplayable:
    """The voice that is under way is no 16 bit PCM: it takes its place, without a sound."""

    reason: str
    language: str | None = None


VoiceEvent = VoiceBegan | VoiceSamples | VoiceEnded | LateSamples | VoiceUnplayable
