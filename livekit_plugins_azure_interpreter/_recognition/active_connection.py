"""A connection of a stream, and the audio and the options that it was given."""

from __future__ import annotations

from dataclasses import dataclass

from .._sdk.connection import Connection
from .._sdk.events import Phrase
from ..options import Options
from .option_timeline import OptionMark


@dataclass
class ActiveConnection:
    """One recognizer, which hears the stream's audio from the first place on.

    Attributes:
        places: From where in the audio which options hold, in order.
    """

    connection: Connection
    places: list[OptionMark]
    opened_at: float
    connected: bool = False
    last_phrase: Phrase | None = None

    @property
    def start_seconds(self) -> float:
        """Where its audio begins in that of the stream."""
        return self.places[0][0]

    @property
    def options(self) -> Options:
        """The options of what is said next."""
        return self.places[-1][1]

    def options_of(self, phrase: Phrase) -> Options:
        """The options of a phrase. A change counts for what ends after it."""
        end = self.start_seconds + phrase.end_seconds
        return next((options for start, options in reversed(self.places) if start <= end), self.places[0][1])
