"""Estimates how long a text takes to say and how many bytes it takes to send. Pure.

Azure reports neither before it has spoken. The seconds are those of a slow speaker, because they limit a
request: the voice of a text must not be longer.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple
from xml.sax.saxutils import escape

_LETTER_SECONDS = 0.1
_CONSONANT_SECONDS = 0.15
"""For a script that writes few vowels: Arabic, Hebrew."""
_SYLLABLE_SECONDS = 0.4
"""For a script that writes a syllable or a word with one sign: Chinese, Japanese, Korean, Ethiopic."""
_SIGN_SECONDS = 0.7
"""For a digit or a symbol, which is read as one or several words."""
_PAUSE_SECONDS = 0.3
"""For a punctuation mark."""
_SILENT_SECONDS = 0.02
"""For a space or a silent character; more than 0, so that no request is endless."""

_OF_CATEGORY = {
    "L": _LETTER_SECONDS,
    "M": _LETTER_SECONDS,
    "N": _SIGN_SECONDS,
    "S": _SIGN_SECONDS,
    "P": _PAUSE_SECONDS,
    "Z": _SILENT_SECONDS,
    "C": _SILENT_SECONDS,
}
_OF_RANGE = (
    ("\u0590", "\u08ff", _CONSONANT_SECONDS),  # Hebrew to Arabic
    ("\u1200", "\u139f", _SYLLABLE_SECONDS),  # Ethiopic
    ("\u13a0", "\u167f", _SYLLABLE_SECONDS),  # Cherokee, Canadian syllabics
)


class TextCost(NamedTuple):
    """What a text costs: seconds to say, bytes to send (in UTF-8, escaped for XML)."""

    seconds: float
    ssml_bytes: int


@lru_cache(maxsize=1 << 14)
def character_cost(character: str) -> TextCost:
    return TextCost(_seconds(character), len(escape(character).encode("utf-8", "surrogatepass")))


def seconds_to_say(text: str) -> float:
    """How long a slow speaker takes at most."""
    seconds = 0.0
    for character in text:  # one after the other, as a text is cut: `sum` rounds differently
        seconds += character_cost(character).seconds
    return seconds


def _seconds(character: str) -> float:
    kind = unicodedata.category(character)[0]
    if kind == "L":
        if unicodedata.east_asian_width(character) in "WF":
            return _SYLLABLE_SECONDS
        for first, last, seconds in _OF_RANGE:
            if first <= character <= last:
                return seconds
    return _OF_CATEGORY[kind]
