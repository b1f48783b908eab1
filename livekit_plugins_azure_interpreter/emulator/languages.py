"""Finds what a script has for a language.

The package knows more of languages, and needs LiveKit for it. The emulator starts without: in a fifth of the
time, and in an image that does not have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

_SAME = {"no": "nb", "iw": "he", "tl": "fil"}
"""Languages with two codes, and the one that Azure uses."""

_Value = TypeVar("_Value")


def in_language(given: Mapping[str, _Value], language: str) -> _Value | None:
    """What a script gives for a language (BCP 47), in any case: for its code, else for any of its regions."""
    codes = {_code(key): value for key, value in given.items()}
    wanted = _code(language)
    if wanted in codes:
        return codes[wanted]
    same = (value for code, value in codes.items() if _language(code) == _language(wanted))
    return next(same, None)


def _code(text: str) -> str:
    return text.strip().replace("_", "-").lower()


def _language(code: str) -> str:
    language = code.partition("-")[0]
    return _SAME.get(language, language)
