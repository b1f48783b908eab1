"""The interpreting STTs with which a session hears, as one: ours alone, or those in a FallbackAdapter."""

from __future__ import annotations

from collections.abc import Iterator

from livekit.agents import stt as livekit_stt

from ._utterances import Translation, Utterance
from .stt import STT


class InterpretingSTTs:
    """Whose translations are spoken.

    Args:
        stt: Of a session; one that does not interpret is left out.
    """

    def __init__(self, stt: object) -> None:
        self._stts = list(_found(stt))

    def __iter__(self) -> Iterator[STT]:
        return iter(self._stts)

    def next_translation(self, text: str) -> Translation | None:
        """As `STT.next_translation`, of them all."""
        oldest = self._with_oldest(text, handed_out=False)
        return None if oldest is None else oldest.next_translation(text)

    def let_go(self, translation: Translation) -> None:
        """As `STT.let_go`."""
        for stt in self:
            stt.let_go(translation)

    def claim(self, text: str) -> list[Utterance]:
        """The utterances that a text says, if it says any."""
        if not isinstance(text, Translation) and (oldest := self._with_oldest(text)):
            return oldest._translations.claim(text)
        return next((found for stt in self if (found := stt._translations.claim(text))), [])

    @property
    def waiting_seconds(self) -> float:
        """How much voice has come that nobody has claimed."""
        return sum(stt._translations.waiting_seconds for stt in self)

    def _with_oldest(self, text: str, *, handed_out: bool = True) -> STT | None:
        found = [(one, stt) for stt in self if (one := stt._translations.oldest(text, handed_out=handed_out))]
        return min(found, key=lambda pair: pair[0].recognized_at)[1] if found else None


def _found(stt: object) -> Iterator[STT]:
    if isinstance(stt, STT):
        yield stt
    elif isinstance(stt, livekit_stt.FallbackAdapter):
        for inner in stt._stt_instances:
            yield from _found(inner)
