"""Which text is spoken by which voice, and how much voice waits for that. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from ._matching import text_key
from ._utterances import LostReason, State, Translation, Utterance

_MAX_WAITING = 10_000
"""How many translations wait for a claim; a text claimed later is spoken as any other text."""


class Claims:
    """The utterances of one speech stream that somebody may still want to have spoken.

    Args:
        max_audio_seconds: How much of their voices is kept before the oldest is lost; and of one that is
            claimed, whose audio nobody takes.
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
    def waiting_seconds(self) -> float:
        """How much voice has come that nobody has claimed."""
        return self._waiting_seconds

    def claim(self, text: str) -> list[Utterance]:
        """The utterances that a text says, in order, each claimed; none: the text is no translation.

        By identity where the text is a `Translation` of this ledger's stream, else by its words,
        the oldest unclaimed first; a text that is several translations joined is all of them.
        """
        if isinstance(text, Translation):
            found = [text.utterance] if text.utterance.id in self._waiting else []
        else:
            found = self._find(text_key(text))
        for utterance in found:
            self._forget(utterance)
            utterance.claim()
        self._tidy()
        return found

    def let_go(self, utterance: Utterance) -> None:
        """Nobody will say it: not now, and no later text with the same words."""
        if utterance.id in self._waiting:
            self._forget(utterance)
            utterance.let_go()
            self._tidy()

    def let_go_of_all(self) -> None:
        """Nobody will say any of those that still wait."""
        for utterance in list(self._waiting.values()):
            self.let_go(utterance)

    def find(self, text: str, *, handed_out: bool = True) -> Utterance | None:
        """The oldest utterance with these words that nobody has claimed, or was handed out either."""
        same = self._by_key.get(text_key(text), ())
        return next((one for one in same if handed_out or not one.handed_out), None)

    def wait(self, utterance: Utterance) -> None:
        """It may be claimed from now on."""
        self._waiting[utterance.id] = utterance
        self._by_key.setdefault(utterance.key, deque()).append(utterance)
        if len(self._waiting) > _MAX_WAITING:
            self._evict(next(iter(self._waiting.values())))

    def account(self, utterance: Utterance, seconds: float) -> None:
        """So much more of its voice came, which may be too much."""
        if utterance.claimed:
            if utterance.wanted and utterance.seconds > self._max_audio_seconds and not utterance.done:
                self.evicted += 1
                self.lose(utterance, LostReason.EVICTED)
            return
        if not self._with_audio or self._with_audio[-1] is not utterance:
            self._with_audio.append(utterance)
        self._waiting_seconds += seconds
        while self._waiting_seconds > self._max_audio_seconds and self._with_audio:
            oldest = self._with_audio.popleft()
            if not oldest.claimed and oldest.state is not State.LOST:
                self.evicted += 1
                self.lose(oldest, LostReason.EVICTED)

    def lose(self, utterance: Utterance, reason: LostReason) -> None:
        """Its voice will not come, or not whole; it can still be claimed, and so reaches a fallback."""
        if not utterance.claimed:
            self._waiting_seconds -= utterance.seconds
        utterance.lose(reason)
        self._tidy()
        self._on_settled(utterance)

    def _find(self, key: str) -> list[Utterance]:
        if not key:
            return []
        if same := self._by_key.get(key):
            return [same[0]]
        waiting = list(self._waiting.values())
        starts = (at for at, utterance in enumerate(waiting) if key.startswith(utterance.key))
        return next((found for at in starts if (found := _joined(waiting, at, key))), [])

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
        # One whose voice has not begun keeps its place in the line: the voice may come, and is nobody else's.
        if utterance.state in (State.VOICING, State.VOICED):
            self.lose(utterance, LostReason.EVICTED)
        self.let_go(utterance)


def _joined(waiting: Sequence[Utterance], start: int, key: str) -> list[Utterance]:
    """The utterances from this one on whose keys, joined, are this key; none, if they are not."""
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
