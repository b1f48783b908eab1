"""Gives utterances the voices that another connection brings, by their place in the audio. Pure.

Where the service voices one language per connection, each other spoken language is recognized and voiced on a
connection of its own. Both connections hear the same audio, so what overlaps is the same utterance.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from .claims import Claims
from .utterance import LostReason, State, Utterance

_LEAST_OVERLAP = 0.5
"""The share of the shorter one that two results of the same utterance have in common."""
_OPEN_END_SECONDS = 0.5
"""A voice whose words end so long before those of its utterance says a part of it: another part follows."""
_MOST_EARLY = 20


@dataclass(eq=False)
class _Relayed:
    """An utterance, and the voices that say its parts.

    Attributes:
        parts: In order; the first one is passed on now.
        passed: How many pieces of the first part were passed on.
        due: When it has waited for long enough.
    """

    utterance: Utterance
    due: float
    parts: deque[Utterance] = field(default_factory=deque)
    passed: int = 0
    is_said_until: float = float("-inf")

    @property
    def is_whole(self) -> bool:
        """Its last words were said."""
        return self.is_said_until >= _times(self.utterance)[1] - _OPEN_END_SECONDS


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
            if self._link(voice, now):
                self._early.remove(voice)

    def came(self, voice: Utterance, now: float) -> None:
        """The other connection has recognized an utterance, whose voice begins now or later."""
        if not self._link(voice, now):
            self._early.append(voice)
            if len(self._early) > _MOST_EARLY:
                self._early.popleft().free_sound()

    def abandon(self, reason: LostReason) -> None:
        """No voice comes any more."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            for voice in one.parts:
                voice.changed = None
            self._claims.lose(one.utterance, reason)
        self._early.clear()

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do next; None if nothing waits."""
        return min((one.due for one in self._waiting if not one.parts), default=None)

    def expire(self, due: float) -> None:
        """End the waits that are over now."""
        for one in [one for one in self._waiting if not one.parts and one.due <= due]:
            self._waiting.remove(one)
            if one.utterance.state is State.VOICING:
                self._complete(one.utterance)
            else:
                self._claims.lose(one.utterance, LostReason.TIMEOUT)

    def _link(self, voice: Utterance, now: float) -> bool:
        one = max(self._waiting, key=lambda one: _overlap(one.utterance, voice), default=None)
        if one is None or _overlap(one.utterance, voice) < _LEAST_OVERLAP:
            return False
        one.parts.append(voice)
        voice.changed = lambda: self._pass_on(one, now)
        self._pass_on(one, now)
        return True

    def _pass_on(self, one: _Relayed, now: float) -> None:
        while one.parts and one in self._waiting:
            voice = one.parts[0]
            for samples in voice.samples[one.passed :]:
                before = one.utterance.seconds
                one.utterance.add(samples)
                self._claims.account(one.utterance, one.utterance.seconds - before)
            one.passed = len(voice.samples)
            if not voice.done:
                return
            self._part_ended(one, voice, now)

    def _part_ended(self, one: _Relayed, voice: Utterance, now: float) -> None:
        voice.changed = None
        voice.free_sound()
        one.parts.popleft()
        one.passed = 0
        one.is_said_until = _times(voice)[1]
        if voice.state is State.LOST:
            self._waiting.remove(one)
            self._claims.lose(one.utterance, voice.lost_reason or LostReason.STALLED)
        elif one.is_whole:
            self._waiting.remove(one)
            self._complete(one.utterance)
        else:
            one.due = max(one.due, now + self._timeout_seconds)

    def _complete(self, utterance: Utterance) -> None:
        utterance.complete()
        self._claims.settle(utterance)


def _times(utterance: Utterance) -> tuple[float, float]:
    assert utterance.times is not None
    return utterance.times


def _overlap(one: Utterance, other: Utterance) -> float:
    """How much they have in common, as a share of the shorter one."""
    (begin, end), (other_begin, other_end) = _times(one), _times(other)
    shorter = min(end - begin, other_end - other_begin)
    common = min(end, other_end) - max(begin, other_begin)
    return common / shorter if shorter > 0 else 0.0
