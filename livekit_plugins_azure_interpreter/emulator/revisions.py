"""How the texts of interim results change until the final one, as a recognizer's and a translator's do."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

WORDS_PER_SECOND = 2.5
"""How fast people speak, if a script does not say how long a line is."""

_VERB_LAST = {"de", "hi", "ja", "ko", "nl", "tr"}
"""Languages whose verb often ends the clause."""
_PHRASE = re.compile(r"\s*[^\s\u3041-\u309f、。，！？；：]{0,3}[\u3041-\u309f]*[、。，！？；：」』）]*")
"""In Japanese: up to three characters, the Hiragana after them, and marks. Chinese has no Hiragana."""
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_MARKS = re.compile(r"[\s,;:.!?、。，！？；：]+$")
_GOES_ON = 0.6
"""Each further word leaves so large a share of the revised words as they are: 2.5 words on average."""
_UNTIL_THE_END = 0.1
"""The share of the revised words that only the final result corrects."""
_MARK_WORDS = 2
"""So many words later a mark comes."""
_CLAUSE_WORDS = 4
"""A shorter clause keeps its order."""


@dataclass(frozen=True)
class _Word:
    """A word of the final text, and how it is told before.

    Args:
        text: As in the final result, with the space before it.
        early: As in the interim results before; empty: it is missing there.
        settles_at: How many words must be heard until it is told as in the final result.
    """

    text: str
    early: str
    settles_at: int

    @property
    def is_revised(self) -> bool:
        return self.early != self.text


@dataclass(frozen=True)
class _Plan:
    words: tuple[_Word, ...]
    tails: tuple[tuple[int, int], ...]
    """Clauses whose last word is told ahead, at the end of the interim text: their first and last words."""


@dataclass(frozen=True, kw_only=True)
class Revisions:
    """How the texts of interim results change until the final one.

    Words come late. Some are others at first, some are missing, some change places. Each is corrected a few
    words later; a tenth of them only by the final result. Marks come later than their words. The verb at the
    end of a German or Japanese clause comes early, and moves along; translated from such a language, it often
    comes after its clause. The same line is always told in the same way.

    Args:
        share: The share of the words that an earlier interim result has otherwise, from 0 to 1. 0: none
            changes.
        delay_seconds: From a word to the interim result that has it.
        seed: Another one changes other words.

    Raises:
        ValueError: An option is out of its range.
    """

    share: float = 0.1
    delay_seconds: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError("share must be from 0 to 1")
        if self.delay_seconds < 0:
            raise ValueError("delay_seconds must not be negative")

    def interim(self, text: str, heard: float, *, language: str, spoken: str) -> str:
        """A text as it is told before its end; at least one word of it.

        Args:
            text: As in the final result.
            heard: The share of the utterance that was heard, from 0 to 1.
            language: The language of the text.
            spoken: The language in which it was said.
        """
        plan = _plan(text, self.share, self.seed, _primary(language), _primary(spoken))
        count = min(len(plan.words), max(1, int(heard * len(plan.words) + 1e-6)))
        told = "".join(_told(plan.words, count))
        for first, last in plan.tails:
            if first + _CLAUSE_WORDS <= count <= last:
                told += _MARKS.sub("", plan.words[last].text)
        return told.strip()

    def heard(self, seconds: float, line_seconds: float) -> float:
        """The share of an utterance that the interim result so many seconds after its start tells of."""
        return min(1.0, max(0.0, (seconds - self.delay_seconds) / line_seconds)) if line_seconds > 0 else 1.0

    def revised_words(self, text: str, *, language: str, spoken: str) -> tuple[int, int]:
        """How many words of a text an interim result has otherwise, and how many words it has."""
        plan = _plan(text, self.share, self.seed, _primary(language), _primary(spoken))
        return sum(word.is_revised for word in plan.words), len(plan.words)


def spoken_seconds(text: str) -> float:
    """How long a text takes to say."""
    return len(_split(text)) / WORDS_PER_SECOND


def _told(words: Sequence[_Word], count: int) -> Iterator[str]:
    for at, word in enumerate(words[:count]):
        if word.is_revised and count < word.settles_at:
            yield word.early
        elif word.settles_at and count < at + 1 + _MARK_WORDS:
            yield _MARKS.sub("", word.text)
        else:
            yield word.text


@lru_cache(maxsize=1 << 10)
def _plan(text: str, share: float, seed: int, language: str, spoken: str) -> _Plan:
    texts = _split(text)
    if not share:
        return _Plan(tuple(_Word(one, one, 0) for one in texts), ())
    chance = random.Random(f"{seed} {language} {text}")
    words = [_Word(one, one, at + 1) for at, one in enumerate(texts)]
    clauses = list(_clauses(texts))
    verb_comes_late = spoken in _VERB_LAST and language not in _VERB_LAST
    for first, last in clauses:
        for at in range(first, last + 1):
            if words[at].is_revised or chance.random() >= share:
                continue
            _revise(words, at, last, chance, after_clause=verb_comes_late and chance.random() < 0.5)
    tails = [
        clause
        for clause in clauses
        if language in _VERB_LAST and clause[1] - clause[0] >= _CLAUSE_WORDS and chance.random() < 0.5
    ]
    return _Plan(tuple(words), tuple(tails))


def _revise(words: list[_Word], at: int, last: int, chance: random.Random, *, after_clause: bool) -> None:
    settles_at = at + 2
    while chance.random() < _GOES_ON:
        settles_at += 1
    if chance.random() < _UNTIL_THE_END:
        settles_at = len(words) + 1
    kind = chance.random()
    word = words[at]
    if after_clause:
        words[at] = replace(word, early="", settles_at=max(settles_at, last + 1))
    elif kind < 0.25:
        words[at] = replace(word, early="", settles_at=settles_at)
    elif kind < 0.35 and at < last and not words[at + 1].is_revised:
        # Two words at once are twice the share.
        other = words[at + 1]
        words[at] = replace(word, early=_in_place_of(word, other.text), settles_at=settles_at + 1)
        words[at + 1] = replace(other, early=_in_place_of(other, word.text), settles_at=settles_at + 1)
    else:
        words[at] = replace(word, early=_another(words, at, chance), settles_at=settles_at)


def _another(words: Sequence[_Word], at: int, chance: random.Random) -> str:
    """Another word of the text; another number for a number."""
    text = words[at].text
    if digits := re.search(r"\d", text):
        return text[: digits.start()] + str((int(digits[0]) + 1) % 10) + text[digits.end() :]
    others = {_MARKS.sub("", word.text).strip() for word in words} - {_MARKS.sub("", text).strip()}
    return _in_place_of(words[at], chance.choice(sorted(others)) if others else f"{text.strip()}s")


def _in_place_of(word: _Word, other: str) -> str:
    space = word.text[: len(word.text) - len(word.text.lstrip())]
    return space + _MARKS.sub("", other).strip()


def _clauses(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first and last word of each clause."""
    first = 0
    for at, text in enumerate(texts):
        if _MARKS.search(text) or at + 1 == len(texts):
            yield first, at
            first = at + 1


def _split(text: str) -> list[str]:
    """The words, each with the space before it; without spaces, phrases of a few characters."""
    found: list[str] = []
    for word in re.findall(r"\s*\S+", text.strip()):
        if _SPACELESS.search(word):
            found += [phrase for phrase in _PHRASE.findall(word) if phrase]
        else:
            found.append(word)
    return found


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()
