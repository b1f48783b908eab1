"""Aligns the words of a text with their times, for LiveKit's aligned transcripts. Pure."""

from __future__ import annotations

from livekit.agents.types import TimedString

from .._sdk.events import WordBoundary

_FARTHEST_CHARACTERS = 60
"""A word that Azure reports is searched only so far ahead: Azure may spell out the text differently."""


class WordAligner:
    """The timed strings of one text; joined, they are the text.

    Args:
        text: What is spoken.
        starts_at: Where its voice begins in the segment, in seconds.
    """

    def __init__(self, text: str, starts_at: float) -> None:
        self._text = text
        self._starts_at = starts_at
        self._at = 0
        self._ends_at = starts_at
        self._reached = -1.0

    def reached(self, word: WordBoundary) -> TimedString | None:
        """The text up to the end of a word; None if it is not found, or was reported before."""
        start = self._starts_at + word.offset_seconds
        if not word.word or start <= self._reached:
            return None
        at = self._text.find(word.word, self._at, self._at + _FARTHEST_CHARACTERS + len(word.word))
        if at < 0:
            return None
        begins, self._at = self._at, at + len(word.word)
        self._reached, self._ends_at = start, start + word.duration_seconds
        return TimedString(self._text[begins : self._at], start_time=start, end_time=self._ends_at)

    def end(self, ends_at: float) -> TimedString | None:
        """The rest of the text, when its voice ends; `ends_at` is in seconds of the segment."""
        rest, self._at = self._text[self._at :], len(self._text)
        if not rest:
            return None
        return TimedString(rest, start_time=self._ends_at, end_time=max(self._ends_at, ends_at))
