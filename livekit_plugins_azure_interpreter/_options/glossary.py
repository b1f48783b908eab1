"""Corrects the terms that a service translates wrongly. Pure.

A term is what the service writes in the translation; its correction is what should stand there. Terms are
whole words in any case. Scripts that are written without spaces have no end of a word that could be seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from .languages import in_language, target
from .strings import unsendable

_SHAPE = "glossary takes corrections by target language, e.g. {'fr': {'live kit': 'LiveKit'}}"
_WITHOUT_SPACES = (
    "[\u0e00-\u0eff\u1000-\u109f\uaa60-\uaa7f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # Chinese
)
"""Compiling it takes 3 ms, so the first text with a glossary does that, not each import."""
_PARTICLE = re.compile("[\uac00-\ud7a3]")
"""Korean writes particles at the end of a word."""
_JOINERS = "\u200c\u200d"
_APOSTROPHES = "\u2019\u02bc"


@dataclass(frozen=True)
class Terms:
    """The terms of one language, each with its correction."""

    corrections: Mapping[str, str]
    _found: dict[str, tuple[str, bool]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lengths: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """By the first two characters of a term, the longest first: a text is searched once for all terms."""

    def __post_init__(self) -> None:
        for term, correction in self.corrections.items():
            keeps_capital = term[0].islower() and correction.split()[0].islower()
            self._found[_folded(term)] = correction, keeps_capital
        for term in sorted(self._found, key=len, reverse=True):
            lengths = self._lengths.setdefault(term[:2], [])
            if len(term) not in lengths:
                lengths.append(len(term))

    def corrected(self, text: str) -> str:
        """The text with its terms corrected, the longest first; the same object if nothing changes."""
        normal = unicodedata.normalize("NFC", text)
        changed = "".join(self._parts(normal))
        return text if changed == normal else changed

    def _parts(self, text: str) -> Iterator[str]:
        folded = _folded(text)
        at = kept = 0
        while at < len(text):
            end = self._end(folded, at)
            if end is None:
                at += 1
                continue
            correction, keeps_capital = self._found[folded[at:end]]
            yield text[kept:at]
            is_capital = keeps_capital and text[at].isupper()
            yield correction[0].title() + correction[1:] if is_capital else correction
            at = kept = end
        yield text[kept:]

    def _end(self, folded: str, start: int) -> int | None:
        """Where the longest term ends that begins here."""
        if start and _is_within_word(folded, start):
            return None
        for beginning in (folded[start : start + 2], folded[start]):
            for length in self._lengths.get(beginning, ()):
                end = start + length
                if end <= len(folded) and folded[start:end] in self._found and _may_end(folded, end):
                    return end
        return None


@dataclass(frozen=True)
class Glossary:
    """The terms of each target language.

    Args:
        languages: By Azure's code of the language.
    """

    languages: Mapping[str, Terms] = field(default_factory=dict)

    @classmethod
    def parse(cls, given: Mapping[str, Mapping[str, str]] | Glossary | None) -> Glossary:
        """Copy and check what a user wrote; a glossary that was parsed is returned as it is.

        Raises:
            ValueError: It has another shape, a language that Azure does not translate to, or a term or a
                correction that cannot be used.
        """
        if isinstance(given, Glossary):
            return given
        if not isinstance(given, Mapping | None):
            raise ValueError(_SHAPE)
        languages: dict[str, Terms] = {}
        for language, corrections in (given or {}).items():
            if not isinstance(language, str) or not isinstance(corrections, Mapping):
                raise ValueError(_SHAPE)
            code = _target(language)
            if code in languages:
                raise ValueError(f"glossary has {language!r}, whose language it has already: join the two")
            languages[code] = Terms(_checked(language, corrections))
        return cls(languages)

    def corrected(self, text: str, language: str) -> str:
        """A translation into a language, in any spelling, with its terms corrected."""
        terms = in_language(self.languages, language)
        return text if terms is None else terms.corrected(text)


def _target(language: str) -> str:
    try:
        return target(language)
    except ValueError as error:
        raise ValueError(f"glossary: {error}") from None


def _checked(language: str, corrections: Mapping[str, str]) -> dict[str, str]:
    checked: dict[str, str] = {}
    known: dict[str, str] = {}
    for pair in corrections.items():
        if not all(isinstance(text, str) for text in pair):
            raise ValueError(_SHAPE)
        term, correction = (unicodedata.normalize("NFC", " ".join(text.split())) for text in pair)
        if not term or not correction:
            raise ValueError(f"glossary has an empty term or correction for {language!r}")
        if (character := unsendable(term + correction)) is not None:
            raise ValueError(
                f"glossary has the character U+{ord(character):04X} for {language!r}, "
                "which cannot be shown in a caption"
            )
        if known.setdefault(_folded(term), correction) != correction:
            raise ValueError(
                f"glossary corrects {term!r} for {language!r} in two ways: terms that differ only in case "
                "are the same"
            )
        checked[term] = correction
    return checked


def _folded(text: str) -> str:
    """A text without differences of case, of the same length."""
    return "".join(map(_folded_character, text))


@lru_cache(maxsize=4096)
def _folded_character(character: str) -> str:
    if character.isspace():
        return " "
    if character in _APOSTROPHES:
        return "'"
    return next((one for one in (character.casefold(), character.lower()) if len(one) == 1), character)


def _may_end(text: str, at: int) -> bool:
    return at == len(text) or not _is_within_word(text, at) or _PARTICLE.match(text, at) is not None


def _is_within_word(text: str, at: int) -> bool:
    """Whether the characters on both sides of a position belong together."""
    before, after = text[at - 1], text[at]
    return _is_mark(after) or (_is_of_spaced_word(before) and _is_of_spaced_word(after))


@lru_cache(maxsize=4096)
def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in _JOINERS


@lru_cache(maxsize=4096)
def _is_of_spaced_word(character: str) -> bool:
    """Whether it is part of a word whose end can be seen."""
    is_in_word = unicodedata.category(character)[0] in "LMN" or character == "_"
    return is_in_word and re.match(_WITHOUT_SPACES, character) is None
