"""Finds a translation among all streams of an STT."""

from __future__ import annotations

from collections.abc import Collection

from .ledger import Ledger
from .meter import Outcome
from .utterance import Translation, Utterance

_ENDED_LEDGERS = 16
"""How many ended streams are kept, so that their last voices can still be claimed."""


class Translations:
    """The translations of all streams that may still be spoken.

    If several sessions share an STT, a `scope` stands for one of them. A search covers the streams of that
    scope, and streams whose scope is not known. Without a scope it covers all.

    Attributes:
        ledgers: One of each stream, the oldest first.
    """

    def __init__(self) -> None:
        self.ledgers: list[Ledger] = []

    def of(self, scope: object | None) -> list[Ledger]:
        """The ledgers of a scope."""
        return [ledger for ledger in self.ledgers if scope is None or ledger.scope in (None, scope)]

    def waiting_seconds(self, scope: object | None = None) -> float:
        """How much unclaimed voice has come."""
        return sum(ledger.claims.waiting_seconds for ledger in self.of(scope))

    def next(self, text: str, scope: object | None = None) -> Translation | None:
        """Hand out the oldest translation with these words that was not handed out yet."""
        oldest = self.oldest(text, scope, handed_out=False)
        if oldest is None:
            return None
        oldest.handed_out = True
        return oldest.translation

    def claim(self, text: str, scope: object | None = None) -> list[Utterance]:
        """Claim the utterances that a text says, if it says any."""
        if isinstance(text, Translation):
            scope = None
        elif oldest := self.oldest(text, scope):
            text = oldest.translation
        claims = (found for ledger in self.of(scope) if (found := ledger.claims.claim(text)))
        return next(claims, [])

    def oldest(self, text: str, scope: object | None = None, *, handed_out: bool = True) -> Utterance | None:
        """Among the streams of a scope: the oldest utterance with these words."""
        ledgers = self.of(scope)
        found = [one for ledger in ledgers if (one := ledger.claims.find(text, handed_out=handed_out))]
        return min(found, key=lambda utterance: utterance.recognized_at, default=None)

    def let_go(self, translation: Translation, outcome: Outcome = "not_spoken") -> None:
        """Note that nobody will say it."""
        for ledger in self.ledgers:
            ledger.claims.let_go(translation.utterance, outcome)

    def let_go_of_all(self) -> None:
        """Note that nobody will say any of them."""
        for ledger in self.ledgers:
            ledger.claims.let_go_of_all()
        self.ledgers.clear()

    def keep(self, live: Collection[Ledger]) -> None:
        """Forget the other streams, which have ended, except a few whose voices can still be claimed."""
        ended = [other for other in self.ledgers if other not in live and other.claims.asked_for]
        for forgotten in ended[:-_ENDED_LEDGERS]:
            forgotten.claims.let_go_of_all()
        self.ledgers = [*ended[-_ENDED_LEDGERS:], *live]
