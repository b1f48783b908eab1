"""Normalizes and compares language codes and names. Pure.

Azure, LiveKit and people name a language in different ways: "nb", "no", "nb-NO", "Norwegian", "norsk". No
other module compares codes of languages.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from livekit.agents.language import LanguageCode

from .language_table import RELATIVES, SPEECH_OF, TARGET_OF, TARGETS

_Value = TypeVar("_Value")

_CODE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SCRIPT_LETTERS = 4
_SHOWN_LETTERS = 40
_MOST_SHOWN = 5
_LIKE = 0.75
"""The similarity, 0 to 1, from which a name may be a mistake for another."""
_NAME_LETTERS = 4
"""A shorter text is a code, not a name: codes that look alike are not related."""


def _key(name: str) -> str:
    """A name without case, accents and spaces around it, which people write differently."""
    letters = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_NAMES = {
    code: [name.strip() for name in names.split(",")]
    for code, names in (line.split(": ") for line in TARGETS.strip().splitlines())
}
_CODE_OF = {_key(name): code for code, names in _NAMES.items() for name in [code, *names]}


def all_targets() -> tuple[str, ...]:
    """The languages that Azure translates to, as it calls them."""
    return tuple(_NAMES)


@lru_cache(maxsize=1024)
def spelled(text: str) -> str:
    """A code as it is written everywhere here ("zh_cn": "zh-CN"), or that of a name ("français": "fr").

    Any other text is returned without the spaces around it.
    """
    text = text.strip()
    code = text.replace("_", "-")
    if (found := _CODE_OF.get(_key(code))) is not None:
        return found
    named = str(LanguageCode(code))
    return named if is_code(named) else text


def is_code(text: str) -> bool:
    """Whether it has the form of a language code; the language may be unknown."""
    return _CODE.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def target(text: str) -> str:
    """Azure's code of a target language.

    Raises:
        ValueError: Azure does not translate to it; the message names the nearest language.
    """
    code = spelled(text)
    found = _found(code)
    if found not in _NAMES:
        raise ValueError(_refusal(text, code))
    return found


def spoken(text: str) -> str:
    """The code of a spoken language; Azure may be unable to translate to it.

    Raises:
        ValueError: It is neither a code nor the name of a language.
    """
    code = spelled(text)
    if not is_code(code):
        raise ValueError(_refusal(text, code))
    return code


def same_speech(one: str, other: str) -> bool:
    """Whether a person who understands one, when it is spoken, understands the other.

    Regions and scripts make no difference (zh-Hans and zh-Hant are both Mandarin), Cantonese does. An
    unknown language is like no other.
    """
    return _speech(one) == _speech(other) != "und"


def same_text(one: str, other: str) -> bool:
    """Whether a reader of one reads the other: as `same_speech`, but zh-Hans and zh-Hant are two scripts."""
    return same_speech(one, other) and _script(_found(spelled(one))) == _script(_found(spelled(other)))


def in_own_spelling(language: str, written: str) -> str:
    """Azure's code of a language, as somebody writes it ("fr-FR"), if they write a code of that language."""
    written = written.strip()
    return written if is_code(written) and _found(spelled(written)) == language else language


def in_language(given: Mapping[str, _Value], language: str) -> _Value | None:
    """The value of a language (a translation, its voice), in any spelling of its key."""
    if language in given:
        return given[language]
    wanted = _found(spelled(language))
    return next((value for key, value in given.items() if _found(spelled(key)) == wanted), None)


@lru_cache(maxsize=1024)
def _found(code: str) -> str:
    """A target for a code: by its script, else by its region, else for the whole language."""
    language, *rest = code.split("-")
    for part in [_script(code), *rest]:
        tag = f"{language}-{part}"
        if tag in TARGET_OF or tag in _NAMES:
            return TARGET_OF.get(tag, tag)
    return TARGET_OF.get(language, language)


def _script(code: str) -> str:
    return next((part for part in code.split("-") if len(part) == _SCRIPT_LETTERS), "")


@lru_cache(maxsize=1024)
def _speech(text: str) -> str:
    found = _found(spelled(text))
    return SPEECH_OF.get(found, found) or "und"


def _refusal(text: str, code: str) -> str:
    shown = repr(text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}...")
    several = [spelled(part) for part in re.split(r"[,;|/\s]+", text) if part]
    if len(several) > 1 and all(_found(part) in _NAMES for part in several):
        return f"{shown} names several languages: give one of {', '.join(map(repr, several[:_MOST_SHOWN]))}"
    if (nearest := _nearest(code)) is not None:
        return (
            f"Azure does not translate to {shown}; the nearest that it does is {nearest!r} "
            f"({_NAMES[nearest][0]})"
        )
    return f"{shown} is not a language that Azure translates to, such as 'fr', 'pt-PT' or 'zh-Hans'"


def _nearest(code: str) -> str | None:
    language = _key(code).split("-")[0]
    if language in RELATIVES:
        return RELATIVES[language]
    names = _CODE_OF if len(code) >= _NAME_LETTERS else ()
    like = difflib.get_close_matches(_key(code), names, n=1, cutoff=_LIKE)
    return _CODE_OF[like[0]] if like else None
