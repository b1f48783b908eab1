"""Normalizes texts so that a translation is found again after the changes LiveKit makes to it."""

from __future__ import annotations

import re
import unicodedata

_LINK_OR_STRUCK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|~~(?!\s)[^~]*?(?<!\s)~~")
"""Markdown that loses more than its signs: of a link the address, of struck text all."""
_EMOJI = re.compile("[\U0001f000-\U0001fbff\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u200d\u20e3]")
"""What LiveKit filters as emoji: also marks, letters and numbers such as the keycap, 🈁 and ❶."""


_MAY_OPEN = re.compile(r"!?\[|~~?")
"""Where such markdown may begin."""


def text_key(text: str) -> str:
    """What is left of a text when markdown, emoji, white space and normalisation make no difference.

    Two texts with the same key are the same translation. Keys of texts that are joined are the
    joined keys. A text without any letter or digit is its own key.
    """
    normal = unicodedata.normalize("NFKC", _EMOJI.sub("", _LINK_OR_STRUCK.sub(r"\1", text)))
    key = "".join(character for character in normal if unicodedata.category(character)[0] in "LMN")
    return key or "".join(text.split())


def settled_key(text: str) -> str:
    """What is sure of the key of a text that is not whole yet: whatever follows, its key begins so."""
    open_markup = _MAY_OPEN.search(text)
    settled = _EMOJI.sub("", text[: open_markup.start()] if open_markup else text)
    settled = settled.rstrip("".join(character for character in set(settled) if _joins(character)))[:-1]
    key = text_key(settled)
    return key if any(character.isalnum() for character in key) else ""


def _joins(character: str) -> bool:
    """It may be one letter with those around it."""
    return unicodedata.category(character)[0] == "M" or "\u1100" <= character <= "\u11ff"
