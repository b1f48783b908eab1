"""Trims and checks strings from arguments, environment variables and mounted files. Pure."""

from __future__ import annotations

import re
import unicodedata

_VISIBLE_ASCII = re.compile(r"[!-~]+")
_UNSENDABLE = ("Cc", "Cs")
"""Control characters (NUL ends a text in the SDK), and halves of surrogate pairs."""


def trimmed(name: str, value: object) -> str | None:
    """The string without the white space around it; None if nothing is left.

    Raises:
        ValueError: It is not a string; the message does not repeat it.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, not {type(value).__name__}")
    return value.strip() or None


def is_visible_ascii(text: str) -> bool:
    """Whether it can be sent in a header or a URL: no space, no control character, no letter beyond ASCII."""
    return _VISIBLE_ASCII.fullmatch(text) is not None


def secret(name: str, value: object) -> str | None:
    """A key or a token that can be sent in a header.

    Raises:
        ValueError: It cannot be sent; the message does not repeat it.
    """
    text = trimmed(name, value)
    if text is not None and not is_visible_ascii(text):
        raise ValueError(
            f"{name} contains a space, a control character or a letter beyond ASCII, "
            "which cannot be sent in a header: check how it was copied"
        )
    return text


def unsendable(text: str) -> str | None:
    """The first control character, or half of a character, in a text; None if it has none."""
    return next((letter for letter in text if unicodedata.category(letter) in _UNSENDABLE), None)
