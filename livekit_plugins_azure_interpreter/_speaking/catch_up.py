"""Measures how far the listener is behind, and plays voices faster to catch up."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass

from livekit import rtc

from .._sound.mono import mono
from .._voices.utterance import Translation, Utterance
from .time_stretch import TimeStretcher

MAX_SPEED = 1.25
_FULL_SPEED_SECONDS = 0.4
"""At this distance behind, the voice plays at full speed; at a smaller distance, more slowly."""
_LEAST_SECONDS = 0.1
"""Nobody notices a smaller distance: the voice is not changed."""
_CLAUSE_SECONDS = 1.0
"""A voice comes clause by clause, each at once: so much of it waits, and the listener is not behind."""


@dataclass
class _QueuedVoice:
    translation: Translation
    queued_at: float


class Backlog:
    """The voices that wait to be heard, or are being heard. Time is an argument (`now`, in seconds)."""

    def __init__(self) -> None:
        self._speeches: deque[_QueuedVoice] = deque()
        self._turn_began_at = float("-inf")

    def queued(self, translation: Translation, now: float) -> None:
        """Add a translation behind those that wait already."""
        self._speeches.append(_QueuedVoice(translation, now))

    def over(self, translation: Translation, now: float) -> None:
        """Remove a translation: it was said, or never will be."""
        utterance = translation.utterance  # its text may have come meanwhile
        if self._speeches and self._speeches[0].translation.utterance is utterance:
            self._turn_began_at = now
        self._speeches = deque(one for one in self._speeches if one.translation.utterance is not utterance)

    def clear(self) -> None:
        self._speeches.clear()

    @property
    def is_empty(self) -> bool:
        """Nothing waits or is being heard."""
        return not self._speeches

    def seconds(self, now: float) -> float:
        """How much voice waits or is still to be played, as far as it has come from Azure."""
        if not self._speeches:
            return 0.0
        first = self._speeches[0]
        played = now - max(first.queued_at, self._turn_began_at)
        return max(0.0, first.translation.utterance.seconds - played) + self.waiting_seconds

    @property
    def waiting_seconds(self) -> float:
        """How much voice waits behind the speech whose turn it is."""
        return sum(speech.translation.utterance.seconds for speech in list(self._speeches)[1:])

    @property
    def being_said(self) -> Utterance | None:
        """The utterance whose turn it is, if its voice comes while its sentence is still being spoken."""
        first = self._speeches[0].translation.utterance if self._speeches else None
        return first if first is not None and first.is_being_said else None

    def late_seconds(self, now: float) -> float:
        """How long the speech whose turn it is has waited for it."""
        return now - self._speeches[0].queued_at if self._speeches else 0.0


def speed(behind_seconds: float) -> float:
    """How fast to play when the listener is so far behind."""
    if behind_seconds < _LEAST_SECONDS:
        return 1.0
    return 1.0 + (MAX_SPEED - 1.0) * min(1.0, behind_seconds / _FULL_SPEED_SECONDS)


async def faster(
    frames: AsyncIterable[rtc.AudioFrame],
    backlog: Backlog,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[rtc.AudioFrame]:
    """The frames of the speech whose turn it is, played faster for as long as the listener is behind.

    A voice that comes while its sentence is still being spoken is played faster while more than a clause of
    it waits.
    """
    began_at = clock()
    late = backlog.late_seconds(began_at)
    tempo: TimeStretcher | None = None
    taken = given = heard_until = 0.0
    async for frame in frames:
        if tempo is None:
            tempo = TimeStretcher(frame.sample_rate)
            if clock() - began_at > _LEAST_SECONDS:
                late = 0.0  # it waited for its voice, not for its turn
        if (being_said := backlog.being_said) is not None:
            # How much of it waits: what has come and was not taken, and what was given and not heard.
            come = max(0.0, being_said.meter.voice_seconds - taken)
            behind = come + max(0.0, heard_until - clock()) - _CLAUSE_SECONDS
        else:
            behind = late + backlog.waiting_seconds - (taken - given)
        taken += frame.duration
        if played := tempo.push(mono(frame), speed(behind)):
            seconds = len(played) / 2 / tempo.sample_rate
            given += seconds
            heard_until = max(heard_until, clock()) + seconds
            yield _frame(played, tempo.sample_rate)
    if tempo is not None and (rest := tempo.flush()):
        yield _frame(rest, tempo.sample_rate)


def _frame(pcm: bytes, sample_rate: int) -> rtc.AudioFrame:
    return rtc.AudioFrame(pcm, sample_rate, 1, len(pcm) // 2)
