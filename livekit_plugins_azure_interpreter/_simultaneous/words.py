"""Cuts a text into words, in any script, and finds where a speaker could breathe. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .._speaking.breaks import character_end, clause_end, sentence_end

_IDEOGRAPHS = (
    "\u2e80-\u2fff\u3005-\u3007\u3021-\u312f\u31a0-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_ALPHABETS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese, Khmer: letters, and no space between words."""
_WORD = re.compile(
    r"\S*?(?<!\d)\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)[^\s%s]*" % (_IDEOGRAPHS + _ALPHABETS)
    + r"|[^\s%s]+" % (_IDEOGRAPHS + _ALPHABETS)
    + r"|\S"
)
_UNIT = re.compile(r"\s?[%‰€$£¥₹]")
_SPACELESS = re.compile(f"[{_IDEOGRAPHS}{_ALPHABETS}]")
_ALPHABETIC = re.compile(f"[{_ALPHABETS}]")
_HIRAGANA = re.compile("[\u3041-\u309f]")
_IDEOGRAPH_WEIGHT = 0.3
"""Ten characters of Chinese or Japanese take as long to say as three words."""
_LETTER_WEIGHT = 0.2
"""Five characters of Thai do."""


@dataclass(frozen=True)
class Word:
    """A word; in a script without spaces, a character.

    Args:
        before: The white space before it.
        text: The word, with the punctuation marks around it.
        key: What of it is compared: without case, and without the marks around it.
    """

    before: str
    text: str
    key: str

    @property
    def weight(self) -> float:
        """How long it takes to say, counted in words."""
        if not _SPACELESS.search(self.key):
            return 1.0
        return _LETTER_WEIGHT if _ALPHABETIC.search(self.key) else _IDEOGRAPH_WEIGHT

    @property
    def ends_clause(self) -> bool:
        """Whether a mark after it ends a clause or a sentence."""
        return _ends_clause(self.text)


def words(text: str) -> list[Word]:
    """The words of a text. Joined, each with the space before it, they are the text, stripped.

    A number with spaces in it ("1 000 %") is one word. A mark that stands alone ("«", "!") belongs to the
    word beside it.
    """
    text = text.strip()
    cores = list(_cores(text))
    found = []
    begin, space = 0, ""
    for at, (start, end) in enumerate(cores):
        last = at + 1 == len(cores)
        stop, after = (len(text), len(text)) if last else _divided(text, end, cores[at + 1][0])
        found.append(Word(space, text[begin:stop], _key(text[start:end])))
        space, begin = text[stop:after], after
    return found


def joined(said: str, follow: Sequence[Word]) -> str:
    """What words add to a text that was said before: after a space, unless their script has none."""
    if not follow:
        return ""
    first = follow[0]
    text = first.text + "".join(word.before + word.text for word in follow[1:])
    if not said or first.before:
        return (first.before if said else "") + text
    return text if _SPACELESS.match(first.key) or _SPACELESS.search(said[-2:]) else f" {text}"


def may_cut(before: Word, after: Word, language: str) -> bool:
    """Whether a speaker could breathe between two words."""
    if after.before or before.ends_clause:
        return True
    if _ALPHABETIC.match(after.key) or not (_SPACELESS.match(after.key) or _SPACELESS.search(before.key)):
        return False
    if language.partition("-")[0].lower() == "ja":
        # A Japanese phrase ends in Hiragana, and the next begins with anything else.
        return bool(_HIRAGANA.match(before.key)) and not _HIRAGANA.match(after.key)
    return True


def _cores(text: str) -> Iterator[tuple[int, int]]:
    """Where each word stands, without the marks around it."""
    at = 0
    while match := _WORD.search(text, at):
        start, at = match.span()
        if _SPACELESS.match(text, start):
            at = _character_end(text, start)
        while start < at and _is_mark(text[start]) and not _is_sign(text[start : start + 2]):
            start += 1
        end = at
        while end > start and _is_mark(text[end - 1]):
            end -= 1
        if start == end:
            continue
        if end == at and text[end - 1].isdigit() and (unit := _UNIT.match(text, end)):
            end = at = unit.end()
        yield start, end


def _character_end(text: str, start: int) -> int:
    rest = f" {text[start : start + 32]}"  # `character_end` finds no end before the first character
    return start + next(
        (end - 1 for end in range(2, len(rest)) if character_end(rest, end) == end), len(rest) - 1
    )


def _divided(text: str, end: int, start: int) -> tuple[int, int]:
    """Which of the marks between two words belong to the first, and where the second begins with its own."""
    between = text[end:start]
    if between in ("", " "):
        return end, start
    opening = next((at for at, one in enumerate(between) if _opens(one)), len(between))
    spaces = [match.span() for match in re.finditer(r"\s+", between[:opening])]
    if not spaces:
        return end + opening, end + opening
    # `said "yes"`, `dit : « oui »`: marks that nothing but spaces divides from the first word are its own.
    first, last = spaces[0], spaces[-1]
    stands_alone = last[1] == opening
    divide = last if stands_alone else first
    return end + divide[0], end + divide[1]


@lru_cache(maxsize=1 << 12)
def _key(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(maxsize=1 << 12)
def _ends_clause(text: str) -> bool:
    followed = f"{text} "
    return len(followed) in (clause_end(followed, len(followed)), sentence_end(followed, len(followed)))


@lru_cache(maxsize=1 << 12)
def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PZC" and character not in "%‰&#@§"


def _is_sign(pair: str) -> bool:
    return len(pair) == 2 and pair[0] in "-−" and pair[1].isdigit()


def _opens(character: str) -> bool:
    return unicodedata.category(character) in ("Ps", "Pi") or character in "¿¡"
