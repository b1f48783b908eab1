"""What a page plays, as `sounds.js` measures it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LOUD = 0.01
"""A level of speech; what is softer may be a pause, or noise."""
_APART_SECONDS = 0.6
"""What is further apart is another utterance; the pauses between words are shorter."""


@dataclass(frozen=True)
class Heard:
    """One moment of one sound.

    Attributes:
        at: The time, in seconds since 1970.
        participant: The sid of who publishes the sound.
        sent: Its level as it came.
        played: Its level as the page plays it.
    """

    at: float
    participant: str
    sent: float
    played: float

    @property
    def volume(self) -> float:
        return self.played / self.sent


def loud_of(heard: Sequence[Heard], participant: str) -> list[Heard]:
    """The loud moments of somebody's sound, as it came."""
    return [one for one in heard if one.participant == participant and one.sent >= LOUD]


def onsets(moments: Sequence[Heard]) -> list[float]:
    """When each utterance of a sound began to be played."""
    played = [one.at for one in moments if one.played >= LOUD]
    return [at for before, at in zip([0.0, *played], played, strict=False) if at - before > _APART_SECONDS]


def volumes_while(moments: Sequence[Heard], others: Sequence[Heard], *, settle_seconds: float) -> list[float]:
    """The volumes of a sound while another one had sounded for so long, and goes on."""
    times = [one.at for one in others]
    return [
        one.volume
        for one in moments
        if _near(times, one.at) and _near(times, one.at - settle_seconds) and _near(times, one.at + 0.1)
    ]


def volumes_without(
    moments: Sequence[Heard], others: Sequence[Heard], *, since_seconds: float
) -> list[float]:
    """The volumes of a sound while another one has not sounded for so long."""
    times = [one.at for one in others]
    return [one.volume for one in moments if not any(-0.1 < one.at - at < since_seconds for at in times)]


def _near(times: Sequence[float], at: float) -> bool:
    return any(abs(time - at) < 0.1 for time in times)
