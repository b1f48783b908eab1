"""Cuts a text into words, in any script, and finds where a speaker would breathe. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from .._speaking.breaks import character_end, clause_end, sentence_end

_IDEOGRAPHS = "\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_SPACELESS_ALPHABETS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_SPACELESS = re.compile(f"[{_IDEOGRAPHS}{_SPACELESS_ALPHABETS}]")
_ALPHABETIC = re.compile(f"[{_SPACELESS_ALPHABETS}]")
_HIRAGANA = re.compile("[\u3041-\u309f]")
_DIGIT_GROUP = re.compile(r"\d{1,3}")
_NEXT_GROUP = re.compile(r"\d{3}(?!\d)")
_UNIT = re.compile(r"[%‰°€$£¥₹]")
_IDEOGRAPH_WEIGHT = 0.5
"""Two characters of Chinese or Japanese are said in the time of a word."""
_LETTER_WEIGHT = 0.2
"""Five characters of Thai, Lao, Burmese or Khmer are."""


class Word(NamedTuple):
    """A word; in a script without spaces, a character.

    Args:
        before: The white space before it.
        text: The word, with the punctuation marks around it.
        key: What of it is compared: without case and without marks around it.
        weight: How long it takes to say, counted in words.
        ends_clause: A mark after it ends a clause or a sentence.
    """

    before: str
    text: str
    key: str
    weight: float
    ends_clause: bool


def words(text: str) -> list[Word]:
    """The words of a text. Joined, each with the space before it, they are the text without white space at its ends.

    A number with spaces in it ("1 000") is one word. Marks that stand alone ("«", " !") belong to a word beside them.
    """
    found: list[Word] = []
    opening = ""
    for before, chunk in _chunks(text.strip()):
        if not _key(chunk):
            if found and not _opens(chunk):
                found[-1] = _with_mark(found[-1], before + chunk)
            else:
                opening += (before if opening else "") + chunk
            continue
        first, *rest = _split(chunk)
        space = before if not opening else ""
        found.append(_word(space if found or opening else "", (opening + before if opening else "") + first))
        found += [_word("", part) for part in rest]
        opening = ""
    return found


def joined(said: str, follow: list[Word]) -> str:
    """What words add to a text that was said before: with a space between them, unless the script has none."""
    text = "".join(word.before + word.text for word in follow).lstrip()
    if not said or not text or said[-1].isspace():
        return text
    if _SPACELESS.match(text) and not _ALPHABETIC.match(text) and _is_spaceless_or_mark(said[-1]):
        return text
    return f" {text}" if follow[0].before or not _SPACELESS.match(text) else text


def may_cut(before: Word, after: Word, language: str) -> bool:
    """Whether a speaker could breathe between two words."""
    if after.before or before.ends_clause:
        return True
    last, first = before.text[-1], after.text[0]
    if language.partition("-")[0].lower() == "ja":
        # A Japanese phrase ends in Hiragana, and the next begins with anything else.
        return bool(_HIRAGANA.match(last)) and not _HIRAGANA.match(first)
    return bool(_SPACELESS.match(first)) and not _ALPHABETIC.match(first)


def _is_spaceless_or_mark(character: str) -> bool:
    return bool(_SPACELESS.match(character)) or unicodedata.east_asian_width(character) in "WF"


def _chunks(text: str) -> list[tuple[str, str]]:
    """What white space divides, each with the space before it; the groups of a number stay together."""
    parts = re.split(r"(\s+)", text)
    chunks: list[tuple[str, str]] = [("", parts[0])] if parts[0] else []
    for space, chunk in zip(parts[1::2], parts[2::2], strict=True):
        if chunks and len(space) == 1 and _is_one_number(chunks[-1][1], chunk):
            before, first = chunks.pop()
            chunks.append((before, first + space + chunk))
        else:
            chunks.append((space, chunk))
    return chunks


def _is_one_number(first: str, second: str) -> bool:
    """Whether the second continues the number that the first ends with: three more digits, or its unit."""
    if first[-1:].isdigit() and _UNIT.match(second):
        return True
    last_group = re.split(r"\s", first)[-1].lstrip("+-−($€£¥")
    groups = len(re.split(r"\s", first))
    is_first = _DIGIT_GROUP.fullmatch(last_group) if groups == 1 else _NEXT_GROUP.fullmatch(last_group)
    return bool(is_first and _NEXT_GROUP.match(second))


def _split(chunk: str) -> list[str]:
    """A chunk of a script without spaces, by its characters; marks belong to what they follow or open."""
    if not _SPACELESS.search(chunk):
        return [chunk]
    parts: list[str] = []
    padded = f" {chunk}"  # `character_end` finds no end before the first character
    at = 0
    while at < len(chunk):
        end = at + 1
        if _SPACELESS.match(chunk[at]):
            while end < len(chunk) and character_end(padded, end + 1) <= end:
                end += 1
        else:
            while end < len(chunk) and not _SPACELESS.match(chunk[end]):
                end += 1
        parts.append(chunk[at:end])
        at = end
    return _marks_attached(parts)


def _marks_attached(parts: list[str]) -> list[str]:
    attached: list[str] = []
    opening = ""
    for part in parts:
        if _key(part):
            # A run without spaceless characters may begin with the marks of the word before it.
            marks = len(part) - len(part.lstrip("".join(one for one in part if _closes(one))))
            if attached and marks and not opening:
                attached[-1] += part[:marks]
                part = part[marks:]
            attached.append(opening + part)
            opening = ""
        elif attached and not _opens(part):
            closing = part.rstrip("".join(one for one in part if _opens(one)))
            attached[-1] += closing
            opening = part[len(closing) :]
        else:
            opening += part
    if opening:
        attached[-1:] = [attached[-1] + opening] if attached else [opening]
    return attached


def _word(before: str, text: str) -> Word:
    if not _SPACELESS.search(text):
        weight = 1.0
    else:
        weight = _LETTER_WEIGHT if _ALPHABETIC.search(text) else _IDEOGRAPH_WEIGHT
    return Word(before, text, _key(text), weight, _ends_clause(text))


def _with_mark(word: Word, mark: str) -> Word:
    return word._replace(text=word.text + mark, ends_clause=_ends_clause(word.text + mark))


def _ends_clause(text: str) -> bool:
    followed = f"{text} "
    return len(followed) in (clause_end(followed, len(followed)), sentence_end(followed, len(followed)))


def _key(text: str) -> str:
    """Without case, and without marks around it; a sign before a number and a per cent sign are no marks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    start, end = 0, len(folded)
    while start < end and _is_mark(folded[start]) and not _is_sign(folded[start : start + 2]):
        start += 1
    while end > start and _is_mark(folded[end - 1]):
        end -= 1
    return folded[start:end]


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PZC" and character not in "%‰&#@§"


def _is_sign(pair: str) -> bool:
    return len(pair) == 2 and pair[0] in "-−" and pair[1].isdigit()


def _opens(chunk: str) -> bool:
    return bool(chunk) and (unicodedata.category(chunk[0]) in ("Ps", "Pi") or chunk[0] in "¿¡")


def _closes(character: str) -> bool:
    return _is_mark(character) and not _opens(character)
