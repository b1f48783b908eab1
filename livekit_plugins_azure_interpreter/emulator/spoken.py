"""The voices that the service sent, as tests look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from .script import Voice


@dataclass(frozen=True)
class Spoken:
    """A voice that the service sent completely.

    Attributes:
        text: The text of the translation.
        language: Its language, as the client asked for it.
        voice: Its samples.
        start_seconds: Where the utterance begins in the session's audio.
        end_seconds: Where it ends.
    """

    text: str
    language: str
    voice: Voice
    start_seconds: float
    end_seconds: float


class _WithVoice(Protocol):
    @property
    def voice(self) -> Voice: ...


V = TypeVar("V", bound=_WithVoice)


class KeptVoices(list[V]):
    """The latest voices that were sent.

    Args:
        seconds: How much voice is kept.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def keep(self, sent: V) -> None:
        """Add a voice, and let the oldest go."""
        self.append(sent)
        seconds = sum(kept.voice.seconds for kept in self)
        while seconds > self._seconds:
            seconds -= self.pop(0).voice.seconds
