"""Finds a translation among all streams of an STT."""

from __future__ import annotations

from collections.abc import Collection

from .ledger import Ledger
from .ledgers import Ledgers
from .meter import Outcome
from .utterance import Translation, Utterance

_ENDED_STREAMS = 16
"""How many ended streams are kept, so that their last voices can still be claimed."""


class Translations:
    """The translations of all streams that may still be spoken.

    If several sessions share an STT, a `scope` stands for one of them. A search covers the streams of that
    scope, and streams whose scope is not known. Without a scope it covers all. It is for one spoken language;
    None: the main one of each stream.

    Attributes:
        streams: The ledgers of each stream, the oldest first.
    """

    def __init__(self) -> None:
        self.streams: list[Ledgers] = []

    def of(self, scope: object | None, language: str | None = None) -> list[Ledger]:
        """The ledgers of a scope, in one language."""
        streams = (one for one in self.streams if scope is None or one.scope in (None, scope))
        return [ledger for ledgers in streams for ledger in ledgers if ledger.is_of(language)]

    def waiting_seconds(self, scope: object | None = None, language: str | None = None) -> float:
        """How much unclaimed voice has come."""
        return sum(ledger.claims.waiting_seconds for ledger in self.of(scope, language))

    def next(self, text: str, scope: object | None = None, language: str | None = None) -> Translation | None:
        """Hand out the oldest translation with these words that was not handed out yet."""
        oldest = self.oldest(text, scope, language, handed_out=False)
        if oldest is None:
            return None
        oldest.handed_out = True
        return oldest.translation

    def claim(self, text: str, scope: object | None = None, language: str | None = None) -> list[Utterance]:
        """Claim the utterances that a text says, if it says any."""
        if isinstance(text, Translation):
            scope = None
        elif oldest := self.oldest(text, scope, language):
            text = oldest.translation
        claims = (found for ledger in self.of(scope, language) if (found := ledger.claims.claim(text)))
        return next(claims, [])

    def oldest(
        self,
        text: str,
        scope: object | None = None,
        language: str | None = None,
        *,
        handed_out: bool = True,
    ) -> Utterance | None:
        """Among the streams of a scope: the oldest utterance with these words."""
        ledgers = self.of(scope, language)
        found = [one for ledger in ledgers if (one := ledger.claims.find(text, handed_out=handed_out))]
        return min(found, key=lambda utterance: utterance.recognized_at, default=None)

    def let_go(self, translation: Translation, outcome: Outcome = "not_spoken") -> None:
        """Note that nobody will say it, or the rest of it."""
        utterance = translation.utterance
        if utterance.is_being_said and utterance.meter.outcome is None:
            utterance.meter.end(outcome)
        for ledgers in self.streams:
            ledgers.let_go(utterance, outcome)

    def let_go_of_all(self) -> None:
        """Note that nobody will say any of them."""
        for ledgers in self.streams:
            ledgers.let_go_of_all()
        self.streams.clear()

    def keep(self, live: Collection[Ledgers]) -> None:
        """Forget the other streams, which have ended, except a few whose voices can still be claimed."""
        ended = [other for other in self.streams if other not in live and other.is_asked_for]
        for forgotten in ended[:-_ENDED_STREAMS]:
            forgotten.let_go_of_all()
        self.streams = [*ended[-_ENDED_STREAMS:], *live]
