"""Which texts are the same translation, after what LiveKit does to text on its way to a TTS."""

from __future__ import annotations

import re
import unicodedata

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def text_key(text: str) -> str:
    """What is left of a text when markdown, emoji, white space and normalisation make no difference.

    Two texts with the same key are the same translation. Keys of texts that are joined are the
    joined keys. A text without any letter or digit is its own key.
    """
    normal = unicodedata.normalize("NFKC", _LINK.sub(r"\1", text))
    key = "".join(character for character in normal if unicodedata.category(character)[0] in "LMN")
    # A variation selector is a mark, and belongs to an emoji.
    return key.replace("\N{VARIATION SELECTOR-16}", "") or "".join(text.split())
