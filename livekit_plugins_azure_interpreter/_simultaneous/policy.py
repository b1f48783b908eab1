"""Decides what is certain of one utterance's translation into one language while it is being said."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .alignment import align
from .meaning import changes_meaning
from .words import Word, joined, may_cut, words

_REPAIR_WORDS = 1
"""How many words before and after a change are said again with it, within its clause. All that is said again
makes the next sentence wait."""
_FIRST_HELD_WORDS = 1
"""So many are held back until something of the sentence was said: its first word is rarely another one."""


@dataclass(frozen=True)
class Outcome:
    """What became of one utterance in one language. In a script without spaces, a word is a character.

    Attributes:
        committed_words: How many words were given out, repairs included.
        contradicted_words: How many words that were given out before the final it has otherwise, or not at
            all.
        missed_words: How many words it has among them that were not given out before.
        repeated_words: How many words were given out again, as repairs.
        words_before_end: How many words were given out before the final came.
        given_at: When each word of the final was given out, or what was said in its place.
    """

    committed_words: int = 0
    contradicted_words: int = 0
    missed_words: int = 0
    repeated_words: int = 0
    words_before_end: int = 0
    given_at: tuple[float, ...] = ()


@dataclass(frozen=True)
class Said:
    """What was said of an utterance already.

    Args:
        keys: The words, as they are compared.
        given_at: When each was given out.
    """

    keys: Sequence[str]
    given_at: Sequence[float]


@dataclass(frozen=True)
class _Interim:
    text: str
    words: Sequence[Word]
    keys: Sequence[str]
    came_at: float

    @classmethod
    def of(cls, text: str, now: float) -> _Interim:
        found = words(text)
        return cls(text, found, [word.key for word in found], now)


class SimultaneousPolicy:
    """Decides what is certain of one utterance's translation into one language while it is being said.

    It is LocalAgreement (Liu et al. 2020, Polak et al. 2022): certain is what the latest interim translations
    agree on. The pieces that it gives out, joined, are what is heard. `now` is in seconds, on any clock.

    Args:
        language: The language of the translation (BCP 47).
        agreement: How many interim translations in a row must agree on a word. A repeated one is not counted.
        clause_words: How many certain words are given out where no mark ends a clause.
        held_words: How many words at the end of an interim translation are never certain: they may grow, or
            move. 1.2: two words, or four characters of a script without spaces, which are its last phrase.
        settled_seconds: A repeated one is counted after so long.
        said: What was said of it already, by the policy of another utterance (`ended_at`).
    """

    def __init__(
        self,
        language: str,
        *,
        agreement: int = 2,
        clause_words: int = 1,
        held_words: float = 1.2,
        settled_seconds: float = 1.0,
        said: Said | None = None,
    ) -> None:
        self._language = language
        self._agreement = agreement
        self._clause_words = clause_words
        self._held_words = held_words
        self._settled_seconds = settled_seconds
        self._interims: deque[_Interim] = deque(maxlen=agreement)
        self._said: list[str] = [] if said is None else list(said.keys)
        self._given_at: list[float] = [] if said is None else list(said.given_at)
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
        """Take an interim translation. Returns what to say now, "" if nothing yet."""
        if not self._is_news(text, now):
            return ""
        self._interims.append(_Interim.of(text, now))
        if len(self._interims) < self._agreement:
            return ""
        certain, following = self._agreed()
        return self._give(certain[: self._breath(certain, following)], now)

    def final(self, text: str, now: float) -> str:
        """Take the final translation. Returns the rest of it; the utterance is over.

        Where it changes the meaning of what was given out, a few words around the change come first.
        """
        final = _Interim.of(text, now)
        found = align(self._said, final.keys)
        rest = range(found.end, len(final.words))
        repaired: set[int] = set()
        for change in found.changes:
            said = self._said[change.said.start : change.said.stop]
            if changes_meaning(said, final.keys[change.text.start : change.text.stop], self._language):
                repaired.update(_around(change.text, final.words, found.end))
        before_end = len(self._said)
        given_at = [self._given_at[place] for place in found.places()]
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

    def ended_at(self, text: str) -> Said:
        """After a lost connection the service ends the utterance earlier than what was said of it.

        Args:
            text: Its final translation, which `final` takes next.

        Returns:
            What was said beyond it, of the next utterance.
        """
        end = align([word.key for word in words(text)], self._said).end
        beyond = Said(self._said[end:], self._given_at[end:])
        del self._said[end:], self._given_at[end:]
        return beyond

    def restarted(self) -> None:
        """The connection was lost: the interim translations of this utterance begin again."""
        self._interims.clear()

    def _is_news(self, text: str, now: float) -> bool:
        latest = self._interims[-1] if self._interims else None
        return latest is None or latest.text != text or now - latest.came_at >= self._settled_seconds

    def _agreed(self) -> tuple[Sequence[Word], Sequence[Word]]:
        """The words to come that the latest interim translations agree on, and what follows them."""
        follow = [self._ahead(interim) for interim in self._interims]
        held = self._held_words if self._said else min(_FIRST_HELD_WORDS, self._held_words)
        most = min(len(ahead) - _count(reversed(ahead), held) for ahead in follow)
        agreed = 0
        for column in zip(*follow, strict=False):
            if agreed >= most or len({word.key for word in column}) > 1:
                break
            agreed += 1
        return follow[-1][:agreed], follow[-1][agreed:]

    def _ahead(self, interim: _Interim) -> Sequence[Word]:
        """The words of an interim translation that were not said yet."""
        if len(interim.words) <= len(self._said):
            return ()  # it begins again after a lost connection, or takes something back
        return interim.words[align(self._said, interim.keys).end :]

    def _breath(self, certain: Sequence[Word], following: Sequence[Word]) -> int:
        """How many of the certain words are given out: as many as end where a speaker could breathe."""
        ahead = [*certain, *following]
        cut = 0
        weight = 0.0
        for at, word in enumerate(certain, 1):
            weight += word.weight
            if (word.ends_clause or weight >= self._clause_words) and may_cut(
                word, ahead[at], self._language
            ):
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


def _count(words: Iterable[Word], weight: float) -> int:
    """How many of the first words take so long to say as a number of words."""
    count = 0
    for word in words:
        count += 1
        weight -= word.weight
        if weight <= 0:
            break
    return count


def _around(changed: range, text: Sequence[Word], end: int) -> range:
    """Changed words and a few around them, within their clause; up to `end` if that is near."""
    start, stop = changed.start, changed.stop
    clause_start = next((at for at in range(start, 0, -1) if text[at - 1].ends_clause), 0)
    clause_stop = next((at for at in range(max(1, stop), end) if text[at - 1].ends_clause), end)
    start -= _count(reversed(text[clause_start:start]), _REPAIR_WORDS)
    stop += _count(text[stop:clause_stop], _REPAIR_WORDS)
    is_near = sum(word.weight for word in text[stop:end]) <= _REPAIR_WORDS
    return range(start, end if is_near else stop)
