"""Tells results of words alone, in a session that translates, from repetitions of translated ones. Pure."""

from __future__ import annotations

from .events import RawPhrase


class WordsAlone:
    """Keeps a result of words alone until it is known whether the same utterance is translated.

    The service may send both results of an utterance, in any order, or the words alone; which of these it
    does is not documented. Both have the same place in the audio. Each method returns the result that must be
    reported now, because its translation did not come.
    """

    def __init__(self) -> None:
        self._kept: RawPhrase | None = None
        self._translated_at: float | None = None

    def words(self, phrase: RawPhrase) -> RawPhrase | None:
        """Words came without a translation."""
        if phrase.offset_seconds == self._translated_at:
            return None
        kept, self._kept = self._kept, phrase
        return kept

    def translated(self, phrase: RawPhrase) -> RawPhrase | None:
        """A translated result came."""
        self._translated_at = phrase.offset_seconds
        kept = self.over()
        return None if kept is None or kept.offset_seconds == phrase.offset_seconds else kept

    def over(self) -> RawPhrase | None:
        """No more results come for what was said up to now."""
        kept, self._kept = self._kept, None
        return kept
