"""Decides what is certain of one utterance's translation into one language while it is being said."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .alignment import align
from .meaning import changes_meaning
from .words import Word, joined, may_cut, words

_REPAIR_WORDS = 3
"""How many words before and after a change are said again with it, within its clause."""


@dataclass(frozen=True)
class Outcome:
    """What became of one utterance in one language. In scripts without spaces a word is a character.

    Attributes:
        committed_words: How many words were given out, repairs included.
        contradicted_words: How many words that were given out the final translation has otherwise, or not at all.
        missed_words: How many words it has among them that were not given out before.
        repeated_words: How many words were given out again, as repairs.
        words_before_end: How many words were given out before the final translation came.
        given_at: When each word of the final translation was given out, or what was said in its place.
    """

    committed_words: int = 0
    contradicted_words: int = 0
    missed_words: int = 0
    repeated_words: int = 0
    words_before_end: int = 0
    given_at: tuple[float, ...] = ()


@dataclass(frozen=True)
class _Interim:
    words: list[Word]
    keys: list[str]
    came_at: float

    @classmethod
    def of(cls, text: str, now: float) -> _Interim:
        found = words(text)
        return cls(found, [word.key for word in found], now)


class SimultaneousPolicy:
    """Decides what is certain of one utterance's translation into one language while it is being said.

    LocalAgreement (Liu et al. 2020, Polak et al. 2022): certain is what the latest interim translations agree on.
    The pieces that are given out, joined, are what is heard.

    Args:
        language: The language of the translation (BCP 47).
        agreement: How many interim translations in a row must agree on a word. One that repeats the one before it
            tells nothing new.
        clause_words: How many certain words are given out although no mark ends a clause.
        held_words: How many words at the end of an interim translation are never certain.
        settled_seconds: An interim translation that has not changed for so long counts as another that agrees.
    """

    def __init__(
        self,
        language: str,
        *,
        agreement: int = 2,
        clause_words: int = 4,
        held_words: int = 1,
        settled_seconds: float = 1.0,
    ) -> None:
        self._language = language
        self._agreement = agreement
        self._clause_words = clause_words
        self._held_words = held_words
        self._settled_seconds = settled_seconds
        self._interims: deque[_Interim] = deque(maxlen=agreement)
        self._said: list[str] = []
        self._given_at: list[float] = []
        self._text = ""
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
        """Take an interim translation. Returns what to say now, "" if nothing yet.

        Args:
            now: In seconds, on any clock.
        """
        interim = _Interim.of(text, now)
        if self._repeats_the_latest(interim):
            return ""
        self._interims.append(interim)
        if len(self._interims) < self._agreement:
            return ""
        certain, following = self._agreed()
        return self._give(certain[: self._breath(certain, following)], now)

    def final(self, text: str, now: float) -> str:
        """Take the final translation, and return the rest of it. The utterance is over.

        If it changes the meaning of what was given out, the changed words come first, with a few around them.
        """
        final = _Interim.of(text, now)
        found = align(self._said, final.keys)
        repairs = [
            _around(change.text, final.words, found.end)
            for change in found.changes
            if changes_meaning(_of(self._said, change.said), _of(final.keys, change.text), self._language)
        ]
        repaired = {at for repair in repairs for at in repair}
        rest = range(found.end, len(final.words))
        given_at = [self._given_at[said] for said in found.places()]
        before_end = len(self._said)
        piece = self._give([final.words[at] for at in sorted(repaired.union(rest))], now)
        self._outcome = Outcome(
            committed_words=len(self._said),
            contradicted_words=sum(len(change.said) for change in found.changes),
            missed_words=sum(max(0, len(change.text) - len(change.said)) for change in found.changes),
            repeated_words=len(repaired.difference(rest)),
            words_before_end=before_end,
            given_at=(*given_at, *(now for _ in rest)),
        )
        return piece

    def restarted(self) -> None:
        """The connection was lost: the interim translations of this utterance begin again."""
        self._interims.clear()

    def _repeats_the_latest(self, interim: _Interim) -> bool:
        if not self._interims or self._interims[-1].keys != interim.keys:
            return False
        return interim.came_at - self._interims[-1].came_at < self._settled_seconds

    def _agreed(self) -> tuple[list[Word], list[Word]]:
        """The words to come that the latest interim translations agree on, and what follows them in the last."""
        follow = [interim.words[align(self._said, interim.keys).end :] for interim in self._interims]
        certain = min(len(words) - _few(words, self._held_words) for words in follow)
        agreed = 0
        for column in zip(*follow, strict=False):
            if agreed >= certain or len({word.key for word in column}) > 1:
                break
            agreed += 1
        return follow[-1][:agreed], follow[-1][agreed:]

    def _breath(self, certain: Sequence[Word], following: Sequence[Word]) -> int:
        """How many of the certain words are given out: up to the end of a clause, or if they are many, up to the last."""
        ahead = [*certain, *following]
        cut = 0
        weight = 0.0
        for at, word in enumerate(certain, 1):
            weight += word.weight
            breathes = may_cut(word, ahead[at], self._language)
            if breathes and (word.ends_clause or weight >= self._clause_words):
                cut = at
            if word.ends_clause:
                weight = 0.0
        return cut

    def _give(self, given: Sequence[Word], now: float) -> str:
        piece = joined(self._text, given)
        self._said += [word.key for word in given]
        self._given_at += [now] * len(given)
        self._text += piece
        return piece


def _of(keys: Sequence[str], span: range) -> Sequence[str]:
    return keys[span.start : span.stop]


def _few(words: Sequence[Word], weight: float) -> int:
    """How many of the last words take as long to say as a number of words."""
    count = 0
    while weight > 0 and count < len(words):
        count += 1
        weight -= words[-count].weight
    return count


def _around(changed: range, text: Sequence[Word], end: int) -> range:
    """Changed words and a few around them, within their clause, as far as they were said."""
    start, stop = changed.start, changed.stop
    first, last = max(0, start - _REPAIR_WORDS), min(end, stop + _REPAIR_WORDS)
    while start > first and not text[start - 1].ends_clause:
        start -= 1
    while stop < last and not text[stop - 1].ends_clause:
        stop += 1
    return range(start, end if end - stop < _REPAIR_WORDS else stop)
