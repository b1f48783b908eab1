"""Normalizes texts so that a translation is found again after the changes LiveKit makes to it."""

from __future__ import annotations

import re
import unicodedata

_LINK_OR_STRUCK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|~~(?!\s)[^~]*?(?<!\s)~~")
"""Markdown that loses more than its marks: a link loses its address, struck text everything."""
_EMOJI = re.compile("[\U0001f000-\U0001fbff\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u200d\u20e3]")
"""Characters that LiveKit filters as emoji: also marks, letters and numbers such as the keycap, 🈁 and ❶."""


_MAY_OPEN = re.compile(r"!?\[|~~?")
"""Where such markdown may begin."""


def text_key(text: str) -> str:
    """A text without markdown, emoji, white space and differences of normalization.

    Two texts with the same key are the same translation. The key of joined texts is their
    joined keys. A text without any letter or digit is its own key.
    """
    normal = unicodedata.normalize("NFKC", _EMOJI.sub("", _LINK_OR_STRUCK.sub(r"\1", text)))
    key = "".join(character for character in normal if unicodedata.category(character)[0] in "LMN")
    return key or "".join(text.split())


def settled_key(text: str) -> str:
    """The certain part of an incomplete text's key: the key begins with it, whatever follows."""
    open_markup = _MAY_OPEN.search(text)
    settled = _EMOJI.sub("", text[: open_markup.start()] if open_markup else text)
    settled = settled.rstrip("".join(character for character in set(settled) if _joins(character)))[:-1]
    key = text_key(settled)
    return key if any(character.isalnum() for character in key) else ""


def _joins(character: str) -> bool:
    """Whether it may form one letter with its neighbours."""
    return unicodedata.category(character)[0] == "M" or "\u1100" <= character <= "\u11ff"
