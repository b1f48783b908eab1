"""Cuts incoming text into portions that are spoken one after another. Pure."""

from __future__ import annotations

from .breaks import character_end, clause_end, sentence_end, word_end
from .ssml import is_speakable
from .text_cost import character_cost, seconds_to_say

_CLAUSE_SECONDS = 3.0
"""A later portion that is not a whole sentence has at least this length, for the melody of the sentence."""
_WORDS_SECONDS = 10.0
"""Text without a mark waits for one until it is so long; then it is cut between two words ..."""
_ANYWHERE_SECONDS = 20.0
"""... and, where it has no spaces, between two characters."""


class Portions:
    """Collects a text, and decides how much of it can be spoken now.

    The first portion ends with a clause, so that it is heard at once. Later ones end with a sentence, if its
    end comes soon. No portion is longer than a request may be.

    Args:
        most_seconds: How long a portion is at most, as `seconds_to_say` counts.
        most_bytes: The same, in bytes of SSML.
    """

    def __init__(self, *, most_seconds: float, most_bytes: int) -> None:
        self._most_seconds = most_seconds
        self._most_bytes = most_bytes
        self._pieces: list[str] = []
        self._flushed = 0
        self._is_first = True

    def push(self, piece: str) -> None:
        self._pieces.append(piece)

    def flush(self) -> None:
        """Let all text so far be spoken, wherever it ends."""
        self._flushed = len(self._pending())

    def take(self) -> str:
        """The next portion; empty if there is none yet. Text without sound waits for text with sound."""
        text = self._pending()
        most = self._most_characters(text)
        if most < len(text):
            end = _best_end(text, most)
        elif self._flushed:
            end = self._flushed
        else:
            end = self._ripe_end(text)
            if not is_speakable(text[:end]):
                end = 0
        if not end:
            return ""
        self._pieces = [text[end:]]
        self._flushed = max(0, self._flushed - end)
        self._is_first = self._is_first and not is_speakable(text[:end])
        return text[:end]

    def _pending(self) -> str:
        text = "".join(self._pieces)
        self._pieces = [text]
        return text

    def _most_characters(self, text: str) -> int:
        """How many characters of the text one request can hold."""
        seconds, ssml_bytes = 0.0, 0
        for count, character in enumerate(text):
            cost = character_cost(character)
            seconds, ssml_bytes = seconds + cost.seconds, ssml_bytes + cost.ssml_bytes
            if count and (seconds > self._most_seconds or ssml_bytes > self._most_bytes):
                return count
        return len(text)

    def _ripe_end(self, text: str) -> int:
        """The end of the part of a growing text that can be spoken already."""
        if end := sentence_end(text, len(text)):
            return end
        end = clause_end(text, len(text))
        if end and (self._is_first or seconds_to_say(text[:end]) >= _CLAUSE_SECONDS):
            return end
        seconds = seconds_to_say(text)
        if seconds >= _WORDS_SECONDS and (end := word_end(text, len(text))):
            return end
        # The last character may be incomplete.
        return character_end(text, len(text) - 1) if seconds >= _ANYWHERE_SECONDS else 0


def _best_end(text: str, most: int) -> int:
    """Where to cut a text that is too long: after a sentence, else a clause, a word, any character."""
    return (
        sentence_end(text, most)
        or clause_end(text, most)
        or word_end(text, most)
        or character_end(text, most)
    )
