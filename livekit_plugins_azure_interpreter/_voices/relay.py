"""Gives utterances the voices that another connection brings, by their place in the audio. Pure.

Where the service voices one language per connection, each other spoken language is recognized and voiced on a
connection of its own. Both connections hear the same audio, so what overlaps is the same utterance.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from .claims import Claims
from .samples import Samples
from .utterance import LostReason, State, Utterance

_LEAST_OVERLAP = 0.5
"""The share of the shorter one that two results of the same utterance have in common."""
_PART_SECONDS = 0.5
"""By how much the words of a voice may begin or end elsewhere than those of the same utterance.

If a voice ends earlier, another part follows. If it begins later, the other connection did not hear the first
words. If it says more, it says the words of another utterance, too.
"""
_MOST_EARLY = 20


@dataclass(eq=False)
class _Relayed:
    """An utterance, and the voices that say its parts.

    Attributes:
        due: When it has waited for long enough, unless a part is under way, or has ended since this was set.
        parts: In order; the first one is passed on now.
        passed: How many pieces of the first part were passed on.
        has_moved: A part has ended since `due` was set.
    """

    utterance: Utterance
    due: float
    parts: deque[Utterance] = field(default_factory=deque)
    passed: int = 0
    has_moved: bool = False
    is_said_until: float = float("-inf")

    @property
    def is_begun(self) -> bool:
        """Its first words were said, or are."""
        return bool(self.parts) or self.is_said_until > float("-inf")

    @property
    def is_whole(self) -> bool:
        """Its last words were said."""
        return self.is_said_until >= _times(self.utterance)[1] - _PART_SECONDS

    def can_take(self, voice: Utterance) -> bool:
        """Whether a voice says its words alone, and the first of them if none was said yet."""
        (begin, end), (voice_begin, voice_end) = _times(self.utterance), _times(voice)
        says_more = voice_begin < begin - _PART_SECONDS or voice_end > end + _PART_SECONDS
        return not says_more and (self.is_begun or voice_begin <= begin + _PART_SECONDS)


class Relay:
    """The utterances of one stream in one language, and the voices for them.

    Args:
        timeout_seconds: How long an utterance waits for the result of the other connection.
        claims: Keeps the voices, and takes note of lost ones.
    """

    def __init__(self, timeout_seconds: float, claims: Claims) -> None:
        self._timeout_seconds = timeout_seconds
        self._claims = claims
        self._waiting: list[_Relayed] = []
        self._early: deque[Utterance] = deque()

    def recognized(self, utterance: Utterance, now: float) -> None:
        """A translation is final; its voice comes from the other connection."""
        self._waiting.append(_Relayed(utterance, now + self._timeout_seconds))
        for voice in list(self._early):
            if self._link(voice):
                self._early.remove(voice)

    def came(self, voice: Utterance) -> None:
        """The other connection has recognized an utterance, whose voice begins now or later."""
        if not self._link(voice):
            self._early.append(voice)
            if len(self._early) > _MOST_EARLY:
                self._early.popleft().free_sound()

    def abandon(self, reason: LostReason) -> None:
        """No voice comes any more."""
        while self._waiting:
            self._give_up(self._waiting[0], reason)
        self._early.clear()

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None if nothing waits."""
        return min(one.due for one in self._waiting) if self._waiting else None

    def expire(self, due: float) -> None:
        """End the waits that are over now."""
        for one in [one for one in self._waiting if one.due <= due]:
            if one.parts or one.has_moved:
                one.due, one.has_moved = due + self._timeout_seconds, False
            elif one.utterance.state is State.VOICING:
                self._complete(one)
            else:
                self._give_up(one, LostReason.TIMEOUT)

    def _link(self, voice: Utterance) -> bool:
        one = max(self._waiting, key=lambda one: _overlap(one.utterance, voice), default=None)
        if one is None or _overlap(one.utterance, voice) < _LEAST_OVERLAP:
            return False
        if not one.can_take(voice):
            return False
        one.parts.append(voice)
        voice.changed = lambda: self._pass_on(one)
        self._pass_on(one)
        return True

    def _pass_on(self, one: _Relayed) -> None:
        while one.parts and one in self._waiting:
            voice = one.parts[0]
            for samples in voice.samples[one.passed :]:
                self._add(samples, one.utterance)
            one.passed = len(voice.samples)
            if one.utterance.done:
                self._forget(one)
            elif voice.done:
                self._part_ended(one, voice)
            else:
                return

    def _add(self, samples: Samples, utterance: Utterance) -> None:
        if utterance.done:
            return  # too much of it waited to be spoken
        before = utterance.seconds
        utterance.add(samples)
        self._claims.account(utterance, utterance.seconds - before)

    def _part_ended(self, one: _Relayed, voice: Utterance) -> None:
        if voice.state is State.LOST:
            self._give_up(one, voice.lost_reason or LostReason.STALLED)
            return
        _let_go(one.parts.popleft())
        one.passed = 0
        one.has_moved = True
        one.is_said_until = _times(voice)[1]
        if one.is_whole:
            self._complete(one)

    def _complete(self, one: _Relayed) -> None:
        self._forget(one)
        one.utterance.complete()
        self._claims.settle(one.utterance)

    def _give_up(self, one: _Relayed, reason: LostReason) -> None:
        self._forget(one)
        if not one.utterance.done:
            self._claims.lose(one.utterance, reason)

    def _forget(self, one: _Relayed) -> None:
        self._waiting.remove(one)
        for voice in one.parts:
            _let_go(voice)


def _let_go(voice: Utterance) -> None:
    """Nobody takes any more of it."""
    voice.changed = None
    voice.free_sound()


def _times(utterance: Utterance) -> tuple[float, float]:
    assert utterance.times is not None
    return utterance.times


def _overlap(one: Utterance, other: Utterance) -> float:
    """How much they have in common, as a share of the shorter one."""
    (begin, end), (other_begin, other_end) = _times(one), _times(other)
    shorter = min(end - begin, other_end - other_begin)
    common = min(end, other_end) - max(begin, other_begin)
    return common / shorter if shorter > 0 else 0.0
