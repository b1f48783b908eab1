"""The places of words, sentences, mouth shapes and bookmarks in a voice, as Azure reports them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from .speech import is_heard
from .ssml import Document

TICKS_PER_SECOND = 10_000_000
_WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
_SENTENCE = re.compile(r"\S.*?(?:[.!?…](?=\s|$)|[。！？](?![。！？])|$)", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[。！？](?=[^。！？])")
_SILENT_VISEME = 0
_OTHER_VISEME = 1
_VISEMES = {
    letter: number
    for number, letters in {
        1: "aàáâãäå",
        4: "eèéêë",
        6: "iìíîïjyý",
        7: "uùúûüw",
        8: "oòóôõö",
        12: "h",
        13: "r",
        14: "l",
        15: "szçxß",
        18: "fv",
        19: "dtnñ",
        20: "kgcq",
        21: "pbm",
    }.items()
    for letter in letters
}
"""The mouth shape (Azure's viseme id) of a letter, about as it sounds in most languages."""


@dataclass(frozen=True)
class MetadataOptions:
    """What a client wants to be told about a voice (Azure's `metadataOptions`)."""

    words: bool = False
    punctuation: bool = False
    sentences: bool = False
    visemes: bool = False
    bookmarks: bool = False
    session_end: bool = False

    @classmethod
    def parse(cls, wanted: Mapping[str, Any]) -> MetadataOptions:
        """Read them. JavaScript's SDK writes some as "true"; punctuation comes with words unless refused."""

        def is_on(name: str, default: object = False) -> bool:
            return str(wanted.get(name, default)).lower() == "true"

        words = is_on("wordBoundaryEnabled")
        return cls(
            words,
            words and is_on("punctuationBoundaryEnabled", default=True),
            is_on("sentenceBoundaryEnabled"),
            is_on("visemeEnabled"),
            is_on("bookmarkEnabled"),
            is_on("sessionEndEnabled"),
        )


def whole_sentences(text: str, searched: int = 0) -> int:
    """The number of letters up to the end of the last sentence that is over: something comes behind it.

    Args:
        text: The text so far.
        searched: How much of its beginning is known to hold no such end.
    """
    ends = [end.end() for end in _SENTENCE_END.finditer(text, max(0, searched - 1))]
    return ends[-1] if ends else 0


@dataclass(frozen=True)
class _Token:
    """A word or a punctuation mark; it sounds as long as it has letters."""

    text: str
    position: int
    start: float
    end: float

    @property
    def is_word(self) -> bool:
        return self.text[0].isalnum()


def metadata(
    document: Document, seconds: float, wanted: MetadataOptions, *, start_seconds: float = 0.0
) -> list[dict[str, Any]]:
    """What a client wants to be told, in the order of its place in the audio (`Offset`).

    Args:
        document: What is said.
        seconds: How long its voice is.
        wanted: What is told. The end of the session is the turn's to tell.
        start_seconds: Where its voice begins in the audio.
    """
    start = start_seconds * TICKS_PER_SECOND
    end = start + seconds * TICKS_PER_SECOND
    tokens = list(_tokens(document.text, start, end))
    found: list[dict[str, Any]] = []
    if wanted.bookmarks:
        found += _bookmarks(document, tokens, end)
    if wanted.sentences:
        found += _sentences(document.text, tokens)
    if wanted.words:
        found += _words(token for token in tokens if token.is_word or wanted.punctuation)
    if wanted.visemes:
        found += _visemes(tokens, end)
    found.sort(key=lambda one: one["Data"]["Offset"])
    return found


def _tokens(text: str, start: float, end: float) -> Iterator[_Token]:
    if not is_heard(text):
        return
    found = list(_WORD.finditer(text))
    ticks = (end - start) / sum(len(token[0]) for token in found)
    for token in found:
        begin, start = start, start + len(token[0]) * ticks
        yield _Token(token[0], token.start(), begin, start)


def _words(tokens: Iterator[_Token]) -> Iterator[dict[str, Any]]:
    for token in tokens:
        kind = "WordBoundary" if token.is_word else "PunctuationBoundary"
        yield _boundary("WordBoundary", kind, token.text, token.start, token.end)


def _sentences(text: str, tokens: list[_Token]) -> Iterator[dict[str, Any]]:
    rest = iter(tokens)
    token = next(rest, None)
    for sentence in _SENTENCE.finditer(text):
        first = last = token
        while token is not None and token.position < sentence.end():
            last, token = token, next(rest, None)
        if first is not None and last is not None:
            yield _boundary("SentenceBoundary", "SentenceBoundary", sentence[0], first.start, last.end)


def _visemes(tokens: list[_Token], end: float) -> Iterator[dict[str, Any]]:
    for token in tokens:
        ticks = (token.end - token.start) / len(token.text)
        for number, letter in enumerate(token.text.lower()[: len(token.text)]):
            shape = _VISEMES.get(letter, _OTHER_VISEME) if token.is_word else _SILENT_VISEME
            yield _viseme(token.start + number * ticks, shape)
    yield _viseme(end, _SILENT_VISEME)


def _viseme(at: float, shape: int) -> dict[str, Any]:
    return _entry("Viseme", at, VisemeId=shape, AnimationChunk="", IsLastAnimation=True)


def _bookmarks(document: Document, tokens: list[_Token], end: float) -> Iterator[dict[str, Any]]:
    positions = [token.position for token in tokens]
    starts = [*(token.start for token in tokens), end]
    for mark in document.bookmarks:
        yield _entry("Bookmark", starts[bisect_left(positions, mark.position)], Bookmark=mark.name)


def _boundary(kind: str, boundary: str, text: str, start: float, end: float) -> dict[str, Any]:
    # The SDK looks for the text in the SSML, where it is escaped.
    named = {"Text": escape(text), "Length": len(text), "BoundaryType": boundary}
    return _entry(kind, start, Duration=round(end - start), text=named)


def _entry(kind: str, at: float, **data: Any) -> dict[str, Any]:
    return {"Type": kind, "Data": {"Offset": round(at), **data}}
