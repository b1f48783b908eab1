"""Finds the voice of a text, and counts how much voice waits to be claimed. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from .meter import Outcome
from .text_key import text_key
from .utterance import LostReason, State, Translation, Utterance

_MAX_WAITING = 10_000
"""How many translations wait for a claim; a text claimed later is spoken as any other text."""


class Claims:
    """The utterances of one speech stream that somebody may still want to have spoken.

    Args:
        max_audio_seconds: How much unclaimed voice is kept before the oldest is lost. A claimed voice
            whose audio nobody takes has the same limit.
        settled: Called with each utterance that becomes LOST here.

    Attributes:
        evicted: How many utterances were lost, or forgotten, because too much was waiting.
    """

    def __init__(self, *, max_audio_seconds: float, settled: Callable[[Utterance], None]) -> None:
        self._max_audio_seconds = max_audio_seconds
        self._on_settled = settled
        self.evicted = 0
        self._waiting: dict[str, Utterance] = {}
        self._by_key: dict[str, deque[Utterance]] = {}
        self._with_audio: deque[Utterance] = deque()
        self._waiting_seconds = 0.0

    @property
    def empty(self) -> bool:
        """Nothing waits for a claim."""
        return not self._waiting

    @property
    def has_untold(self) -> bool:
        """Whether a waiting translation was not handed out yet."""
        return any(not utterance.handed_out for utterance in self._waiting.values())

    @property
    def waiting_seconds(self) -> float:
        """How much unclaimed voice has come."""
        return self._waiting_seconds

    def claim(self, text: str) -> list[Utterance]:
        """Claim the utterances that a text says, in order. Returns none if the text is not a translation.

        A `Translation` of this ledger's stream is found by identity, any other text by its words, the
        oldest unclaimed one first. A text that joins several translations claims all of them.
        """
        if isinstance(text, Translation):
            found = [text.utterance] if self._is_waiting(text.utterance) else []
        else:
            found = self._find(text_key(text))
        for utterance in found:
            self._forget(utterance)
            utterance.claim()
        self._tidy()
        return found

    def let_go(self, utterance: Utterance, outcome: Outcome = "not_spoken") -> None:
        """Note that nobody will say it. A later text with the same words does not claim it."""
        if self._is_waiting(utterance):
            self._forget(utterance)
            utterance.let_go(outcome)
            self._tidy()

    def let_go_of_all(self, outcome: Outcome = "not_spoken") -> None:
        """Note that nobody will say any of the waiting utterances."""
        for utterance in list(self._waiting.values()):
            self.let_go(utterance, outcome)

    def find(self, text: str, *, handed_out: bool = True) -> Utterance | None:
        """The oldest unclaimed utterance with these words. `handed_out=False` skips those handed out."""
        same = self._by_key.get(text_key(text), ())
        return next((one for one in same if handed_out or not one.handed_out), None)

    def heard_as(self, name: object, start_time: float, end_time: float) -> Utterance | None:
        """The utterance of a final transcript, even if its text was changed: by its id, else by its times."""
        if isinstance(name, str) and name in self._waiting:
            return self._waiting[name]
        times = (start_time, end_time)
        return next((one for one in self._waiting.values() if end_time and one.times == times), None)

    def begins(self, settled: str) -> bool:
        """Whether a text that begins like this may still be a waiting translation, or several.

        Args:
            settled: The key of the known part of the text, as far as later parts cannot change it.
        """
        waiting = list(self._waiting.values())
        return any(_may_join(waiting, at, settled) for at in range(len(waiting)))

    def says(self, text: str) -> bool:
        """Whether this text is a waiting translation, or several."""
        return bool(self._find(text_key(text)))

    def wait(self, utterance: Utterance) -> None:
        """Let it be claimed from now on."""
        self._waiting[utterance.id] = utterance
        self._by_key.setdefault(utterance.key, deque()).append(utterance)
        if len(self._waiting) > _MAX_WAITING:
            self._evict(next(iter(self._waiting.values())))

    def account(self, utterance: Utterance, seconds: float) -> None:
        """Count more of its voice. If too much waits, the oldest is lost."""
        if utterance.claimed:
            if utterance.wanted and utterance.seconds > self._max_audio_seconds and not utterance.done:
                self.evicted += 1
                self.lose(utterance, LostReason.EVICTED)
            return
        if not self._with_audio or self._with_audio[-1] is not utterance:
            self._with_audio.append(utterance)
        self._waiting_seconds += seconds
        while self._waiting_seconds > self._max_audio_seconds and self._with_audio:
            self.evicted += 1
            self.lose(self._with_audio.popleft(), LostReason.EVICTED)

    def lose(self, utterance: Utterance, reason: LostReason) -> None:
        """Its voice will not come, or not completely. It can still be claimed, so it reaches a fallback."""
        if not utterance.claimed:
            self._waiting_seconds -= utterance.seconds
        utterance.lose(reason)
        self._tidy()
        self.settle(utterance)

    def settle(self, utterance: Utterance) -> None:
        """Report that its voice is complete, or that it is LOST."""
        self._on_settled(utterance)

    def _find(self, key: str) -> list[Utterance]:
        if not key:
            return []
        if same := self._by_key.get(key):
            return [same[0]]
        waiting = list(self._waiting.values())
        starts = (at for at, utterance in enumerate(waiting) if key.startswith(utterance.key))
        return next((found for at in starts if (found := _joined(waiting, at, key))), [])

    def _is_waiting(self, utterance: Utterance) -> bool:
        return self._waiting.get(utterance.id) is utterance

    def _forget(self, utterance: Utterance) -> None:
        del self._waiting[utterance.id]
        same = self._by_key[utterance.key]
        same.remove(utterance)
        if not same:
            del self._by_key[utterance.key]
        self._waiting_seconds -= utterance.seconds

    def _tidy(self) -> None:
        while self._with_audio and (self._with_audio[0].claimed or self._with_audio[0].state is State.LOST):
            self._with_audio.popleft()

    def _evict(self, utterance: Utterance) -> None:
        self.evicted += 1
        # If its voice has not begun, it keeps its place in line: the voice may come, and belongs to no other.
        if utterance.state in (State.VOICING, State.VOICED):
            self.lose(utterance, LostReason.EVICTED)
        self.let_go(utterance)


def _joined(waiting: Sequence[Utterance], start: int, key: str) -> list[Utterance]:
    """The utterances from this one on whose joined keys equal this key; else none."""
    found = []
    for at in range(start, len(waiting)):
        part = waiting[at].key
        if not key.startswith(part):
            return []
        found.append(waiting[at])
        key = key[len(part) :]
        if not key:
            return found
    return []


def _may_join(waiting: Sequence[Utterance], start: int, settled: str) -> bool:
    """Whether the joined utterances from this one on begin with this key, or are its beginning."""
    for at in range(start, len(waiting)):
        part = waiting[at].key
        if part.startswith(settled):
            return True
        if not part or not settled.startswith(part):
            return False
        settled = settled[len(part) :]
    return False
