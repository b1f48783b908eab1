"""Whose turn it is in a small group: while an interpretation is heard, the others wait.

Pure: time is an argument (`now`, in seconds of any steady clock).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .planner import Route

_VOICE_COMES_SECONDS = 3.0
"""So long after the last word its interpretation has begun."""
_PAUSE_SECONDS = 0.5
"""Between two translations: the turn is not over."""
LONGEST_WAIT_SECONDS = 30.0
"""Nobody is kept from speaking for longer, whatever is heard."""


@dataclass(frozen=True)
class Turn:
    """The turn of one speaker: they speak, or their interpretation is heard."""

    speaker: str
    phase: Literal["speaking", "interpretation"]


class Turns:
    """Decides whose microphone counts.

    While an interpretation is heard, the microphones of all but its speaker do not. Those who spoke already
    as it began finish what they say.
    """

    def __init__(self) -> None:
        # Each is in the order in which they began, with the time of the end; None: not over.
        self._interpreted: dict[Route, float | None] = {}
        self._speaking: dict[str, float | None] = {}
        self._begun: set[str] = set()
        self._finishing: set[str] = set()
        self._waits_since: dict[str, float] = {}

    def may_speak(self, speaker: str, now: float, *, is_speaking: bool, has_begun: bool) -> bool:
        """Whether the next audio of a speaker counts.

        Args:
            speaker: Whose audio it is.
            now: The time.
            is_speaking: They are heard to speak.
            has_begun: They speak, or a sound may be the beginning of it. It has counted so far.
        """
        self._forget(now)
        if is_speaking:
            self._speaking[speaker] = None
        else:
            self._fell_silent(speaker, now)
        if has_begun:
            self._begun.add(speaker)
        else:
            self._finished(speaker)
        if all(route.speaker == speaker for route in self._interpreted):
            self._waits_since.pop(speaker, None)
            return True
        if speaker in self._finishing:
            return True
        return now - self._waits_since.setdefault(speaker, now) >= LONGEST_WAIT_SECONDS

    def began(self, route: Route, now: float) -> None:
        """An interpretation begins to be heard."""
        self._forget(now)
        self._finishing |= self._begun
        if self._speaking.get(route.speaker) is not None:
            del self._speaking[route.speaker]
        self._interpreted[route] = None

    def ended(self, route: Route, now: float) -> None:
        """An interpretation is over; the next one of the same speaker may follow at once."""
        if route in self._interpreted:
            self._interpreted[route] = now

    def left(self, speaker: str, now: float) -> None:
        """A speaker is muted, or has gone; what they said may still be interpreted."""
        self._fell_silent(speaker, now)
        self._finished(speaker)
        self._waits_since.pop(speaker, None)

    def turn(self, now: float) -> Turn | None:
        """The turn now; None: the floor is free."""
        self._forget(now)
        for route in self._interpreted:
            return Turn(route.speaker, "interpretation")
        for speaker in self._speaking:
            return Turn(speaker, "speaking")
        return None

    def _fell_silent(self, speaker: str, now: float) -> None:
        if self._speaking.get(speaker, now) is None:
            self._speaking[speaker] = now

    def _finished(self, speaker: str) -> None:
        self._begun.discard(speaker)
        self._finishing.discard(speaker)

    def _forget(self, now: float) -> None:
        """Forget what is over."""
        _drop(self._interpreted, now - _PAUSE_SECONDS)
        _drop(self._speaking, now - _VOICE_COMES_SECONDS)


def _drop(ends: dict[Any, float | None], until: float) -> None:
    """Drop those that have ended by then."""
    for one in [one for one, ended_at in ends.items() if ended_at is not None and ended_at <= until]:
        del ends[one]
