"""Checks a text that people choose and others see, such as a name."""

from __future__ import annotations

import unicodedata

from .refusals import Refusal

_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of control characters, halves of letters, and line breaks."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the direction of what follows: a name could be shown as another one."""


def checked_text(text: object, *, what: str, most: int, code: str) -> str:
    """A text as it may be shown, without blanks around it. None is an empty one.

    Args:
        text: What a client sent.
        what: What it is, for the refusal.
        most: The longest that is accepted, in characters.
        code: The refusal's.

    Raises:
        Refusal: It is no text, is too long, or has characters that hide or disguise it.
    """
    if text is None:
        return ""
    if not isinstance(text, str):
        raise Refusal(f"{what} must be a text", code=code, status=400)
    text = text.strip()
    if len(text) > most:
        raise Refusal(f"{what} may have at most {most} characters", code=code, status=400)
    if any(unicodedata.category(letter) in _UNSEEN or letter in _TURNING for letter in text):
        raise Refusal(f"{what} has a character that cannot be shown", code=code, status=400)
    return text
