"""Joins halves of characters (surrogates), which cannot be encoded on their own. Pure.

JSON and JavaScript write a character beyond U+FFFF as two halves (surrogates). Text that is cut between them
ends with one half, and the next piece begins with the other.
"""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")
_FIRST_HALVES = ("\ud800", "\udbff")


def whole_characters(text: str) -> str:
    """The text with its halves joined, and single ones dropped; the same object if it has none."""
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


class WholeCharacters:
    """A text that comes in pieces: a character that two of them share comes whole, with the second one."""

    def __init__(self) -> None:
        self._half = ""

    def push(self, piece: str) -> str:
        """The piece without halves; the same object if it has none."""
        text = self._half + piece if self._half else piece
        first, last = _FIRST_HALVES
        self._half = text[-1:] if first <= text[-1:] <= last else ""
        return whole_characters(text[:-1] if self._half else text)
