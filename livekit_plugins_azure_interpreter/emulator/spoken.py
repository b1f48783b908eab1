"""A voice that the service sent, as tests look at it."""

from __future__ import annotations

from dataclasses import dataclass

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
