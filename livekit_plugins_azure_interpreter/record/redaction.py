"""Changes the texts of entries before they are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..log import logger
from .entries import Corrected, Entry, Utterance

WITHHELD = "[withheld]"
"""Stands for a text that could not be redacted: it is not kept."""


class Redaction:
    """Applies a function of the user's to each text.

    Args:
        redact: Returns the text to keep, for each original, translation and correction.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._has_failed = False

    def apply(self, entries: Sequence[Entry]) -> list[Entry]:
        """The same entries, with the texts that may be kept."""
        return [self._apply(entry) for entry in entries]

    def withhold(self, entries: Sequence[Entry]) -> list[Entry]:
        """The same entries, without texts: `redact` gave no answer."""
        return [_with_texts(entry, lambda _: WITHHELD) for entry in entries]

    def _apply(self, entry: Entry) -> Entry:
        try:
            return _with_texts(entry, self._redact)
        except Exception as error:
            # The function is the user's, so it may raise anything. Its message may contain the text.
            if not self._has_failed:
                self._has_failed = True
                logger.error("redact raised %s: texts that it fails for are not kept", type(error).__name__)
            return _with_texts(entry, lambda _: WITHHELD)


def _with_texts(entry: Entry, change: Callable[[str], str]) -> Entry:
    if isinstance(entry, Utterance):
        translations = {language: change(text) for language, text in entry.translations.items()}
        return replace(entry, text=change(entry.text), translations=translations)
    return replace(entry, text=change(entry.text)) if isinstance(entry, Corrected) else entry
