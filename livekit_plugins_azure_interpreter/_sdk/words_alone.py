"""Tells final results of words alone from repetitions of translated ones. Pure."""

from __future__ import annotations

from .events import Event, Failed, Finished, RawPhrase, Recognized, TurnEnded, WordsRecognized


class WordsAlone:
    """Keeps the words of a result until it is known whether the same utterance is translated.

    The service may send both results of an utterance, in any order, or the words alone; which of these it
    does is not documented. Both have the same place in the audio.
    """

    def __init__(self) -> None:
        self._kept: RawPhrase | None = None
        self._translated_at: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Words are kept."""
        return self._kept is not None

    def take(self, event: Event) -> list[Event]:
        """The events to report now, in order; words whose translation did not come are before this one."""
        if isinstance(event, WordsRecognized):
            if event.phrase.offset_seconds == self._translated_at:
                return []
            released, self._kept = self.release(), event.phrase
            return released
        if isinstance(event, Recognized):
            self._translated_at = event.phrase.offset_seconds
            if self._kept is not None and self._kept.offset_seconds == self._translated_at:
                self._kept = None
            return [*self.release(), event]
        if isinstance(event, TurnEnded):
            return self.release()
        if isinstance(event, (Finished, Failed)):
            return [*self.release(), event]
        return [event]

    def release(self) -> list[Event]:
        """The kept words as a result: nobody waits any longer for their translation."""
        kept, self._kept = self._kept, None
        return [] if kept is None else [Recognized(kept)]
