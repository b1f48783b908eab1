"""Finds where a text in any script can be cut into parts for speaking. Pure.

No sentence splitter (also not ICU's) finds the ends of clauses, or any end in Thai and Lao, which write a
space there and no mark. So this module uses the punctuation marks of the scripts that Azure speaks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# The marks of each script that end a sentence or a clause, whatever follows.
_SENTENCE_MARKS = (
    "。．！？｡︒"  # Chinese, Japanese
    "।॥"  # Hindi, Bengali, ... (danda)
    "؟۔"  # Arabic, Urdu
    "։"  # Armenian
    "።፧"  # Amharic
    "။"  # Burmese
    "។៕"  # Khmer
    "᙮"  # Inuktitut
    "᠃"  # Mongolian
    "‼⁇⁈⁉"
)
_CLAUSE_MARKS = "，、；：､،؛՝፣፤፥፦၊៖᠂…—\u0387"
_CLOSERS = "\"'”’»›)\\]}」』】》〉）］"
# Scripts without spaces between words: no space needs to follow an ASCII mark ...
_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
# ... and a space between two letters ends a clause (Thai and Lao, Burmese, Khmer).
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"

_SENTENCE_END = re.compile(
    rf"(?:[{_SENTENCE_MARKS}]+[{_CLOSERS}]*|[.!?]+[{_CLOSERS}]*(?=[\s{_WIDE}]))\s*|\n\s*"
)
_CLAUSE_END = re.compile(
    rf"(?:[{_CLAUSE_MARKS}]+[{_CLOSERS}]*|[,;:]+[{_CLOSERS}]*(?=[\s{_WIDE}]))\s*"
    rf"|\s[-–]+\s+|(?<=[{_SPACELESS}])\s+(?=[{_SPACELESS}])"
)
_WORD_END = re.compile(r"\s+")
# A full stop after one of these does not end a sentence: an initial, an ordinal number, a title.
_ABBREVIATED = re.compile(
    r"(?:^|[\s.(])(?:\d{1,2}|[^\W\d_]|mr|mrs|ms|dr|prof|st|vs|sr|sra|mme|mlle|dott|ing|hr|fr|bzw|ca|nr|no|г|гг)$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = 6
_LONGEST_CLUSTER = 32
_ZERO_WIDTH_JOINER = "\u200d"


def sentence_end(text: str, stop: int) -> int:
    """The end of the last sentence that ends before `stop`; 0 if none does."""
    return max((match.end() for match in _sentence_ends(text, stop)), default=0)


def clause_end(text: str, stop: int) -> int:
    """The same for a clause."""
    return max((match.end() for match in _CLAUSE_END.finditer(text, 0, stop)), default=0)


def word_end(text: str, stop: int) -> int:
    """The same for a word that a space follows."""
    return max((match.end() for match in _WORD_END.finditer(text, 0, stop)), default=0)


def character_end(text: str, stop: int) -> int:
    """The last place up to `stop` that is not inside one visible character."""
    for at in range(min(stop, len(text)), max(0, stop - _LONGEST_CLUSTER), -1):
        if at == len(text) or not _is_one(text[at - 1], text[at]):
            return at
    return stop


def _sentence_ends(text: str, stop: int) -> Iterator[re.Match[str]]:
    for match in _SENTENCE_END.finditer(text, 0, stop):
        at = match.start()
        before = text[max(0, at - _LONGEST_ABBREVIATION) : at]
        if not (match[0].startswith(".") and _is_abbreviated(before)):
            yield match


def _is_abbreviated(before: str) -> bool:
    # "네." is a whole sentence: only a letter of a script with capitals is an initial.
    last = before[-1:]
    return (last.isdigit() or last.lower() != last.upper()) and _ABBREVIATED.search(before) is not None


def _is_one(before: str, after: str) -> bool:
    """Whether a cut between the two divides a character, or a vowel from its consonant."""
    kind = unicodedata.category(after)
    return (
        kind.startswith("M")
        or _ZERO_WIDTH_JOINER in (before, after)
        or unicodedata.combining(before) == 9  # virama: it joins two consonants
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # colours of skin
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")  # flags
        or "\u1160" <= after <= "\u11ff"  # Hangul, in letters
        or before in "เแโใไເແໂໃໄ"  # Thai and Lao write these vowels first
        or (before == "\r" and after == "\n")
    )
