"""Decides what is certain of one utterance's translation into one language while it is being said."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .words import Word, joined, words


@dataclass(frozen=True)
class Outcome:
    """What became of one utterance in one language.

    Attributes:
        committed_words: How many words were given out, repairs included.
        contradicted_words: How many of them the final translation has otherwise, or not at all.
        repeated_words: How many words were given out again, as repairs.
        words_before_end: How many words were given out before the final translation came.
    """

    committed_words: int = 0
    contradicted_words: int = 0
    repeated_words: int = 0
    words_before_end: int = 0


class SimultaneousPolicy:
    """Decides what is certain of one utterance's translation into one language while it is being said.

    The pieces that it gives out, joined, are what is heard.

    Args:
        language: The language of the translation (BCP 47).
        agreement: How many interim results in a row must agree on a word.
    """

    def __init__(self, language: str, *, agreement: int = 2) -> None:
        self._language = language
        self._agreement = agreement
        self._said: list[Word] = []
        self._text = ""
        self._interims: deque[list[Word]] = deque(maxlen=agreement)
        self._outcome = Outcome()

    @property
    def committed(self) -> str:
        """All that was given out so far."""
        return self._text

    @property
    def outcome(self) -> Outcome:
        """What became of the utterance; all zero until its final translation came."""
        return self._outcome

    def interim(self, text: str, now: float) -> str:
        """Take an interim translation. Returns what to say now, "" if nothing yet."""
        self._interims.append(words(text))
        if len(self._interims) < self._agreement:
            return ""
        agreed = 0
        for column in zip(*(interim[:-1] for interim in self._interims), strict=False):
            if len({word.key for word in column}) > 1:
                break
            agreed += 1
        return self._give(self._interims[-1][len(self._said) : agreed])

    def final(self, text: str, now: float) -> str:
        """Take the final translation. Returns the rest, with repairs; the utterance is over."""
        before_end = len(self._said)
        rest = self._give(words(text)[len(self._said) :])
        self._outcome = Outcome(len(self._said), 0, 0, before_end)
        return rest

    def restarted(self) -> None:
        """The connection was lost: the interim results of this utterance begin again."""
        self._interims.clear()

    def _give(self, certain: list[Word]) -> str:
        piece = joined(self._text, certain)
        self._said += certain
        self._text += piece
        return piece
