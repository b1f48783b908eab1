"""A day of meetings, and of what fails meanwhile, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

HOUR = 3600.0
DAY = 24 * HOUR
MIDNIGHT = DAY
"""When the day begins: no time is 0, which could mean "never"."""
REGIONS = ("westeurope", "eastus", "westus2", "southeastasia")
_OPENS_AT = {"southeastasia": 0.0, "westeurope": 7.0, "eastus": 13.0, "westus2": 15.5}
"""The hour (UTC) at which the offices of a region open, for 9 hours."""
_PART = {"westeurope": 0.36, "eastus": 0.3, "westus2": 0.14, "southeastasia": 0.2}
"""The part of all meetings."""
_BUSY = (0.7, 1.3, 1.5, 1.1, 0.5, 1.1, 1.4, 1.0, 0.5)
"""How many meetings begin in each hour of a working day, where 1 is the average."""
_LANGUAGES = {
    "westeurope": ("en-US", "de-DE", "fr-FR", "es-ES", "it-IT"),
    "eastus": ("en-US", "es-ES", "pt-BR", "fr-FR"),
    "westus2": ("en-US", "es-ES", "zh-CN", "ja-JP"),
    "southeastasia": ("en-US", "zh-CN", "ja-JP", "hi-IN"),
}
_MINUTES = (15, 25, 30, 30, 45, 50, 60, 60, 90)
_PEOPLE = (30, 22, 14, 10, 7, 5, 4, 3, 2, 2, 1)
"""How often a meeting has 2, 3, ... 12 people, in percent."""

FaultKind = Literal[
    "job killed",
    "job frozen",
    "worker killed",
    "worker frozen",
    "worker drained",
    "resource refuses",
    "resource away",
    "Redis away",
    "Redis replaced",
    "LiveKit restarted",
]
OFTEN: dict[FaultKind, int] = {
    "job killed": 60,
    "job frozen": 15,
    "worker killed": 20,
    "worker frozen": 15,
    "worker drained": 20,
    "resource refuses": 16,
    "resource away": 12,
    "Redis away": 4,
    "Redis replaced": 2,
    "LiveKit restarted": 6,
}
"""How often a day, in a fleet of 40 workers."""


@dataclass(frozen=True)
class Visit:
    """Somebody is in a meeting for some time.

    Attributes:
        identity: Who.
        language: What they speak, and want to hear.
        comes_at, leaves_at: From when to when, in seconds.
        mutes: They open their microphone only to speak.
    """

    identity: str
    language: str
    comes_at: float
    leaves_at: float
    mutes: bool


@dataclass(frozen=True)
class MeetingScript:
    """One meeting.

    Attributes:
        seed: For who speaks when.
    """

    room: str
    region: str
    visits: tuple[Visit, ...]
    seed: int

    @property
    def begins_at(self) -> float:
        return min(one.comes_at for one in self.visits)

    @property
    def ends_at(self) -> float:
        return max(one.leaves_at for one in self.visits)


@dataclass(frozen=True)
class Fault:
    """Something fails. `choice` (from 0 to 1) says which one of those that there are then."""

    at: float
    kind: FaultKind
    region: str
    choice: float
    seconds: float


@dataclass(frozen=True)
class Script:
    """A day.

    Attributes:
        starts_at, ends_at: When it begins and ends, in seconds.
    """

    seed: int
    meetings: tuple[MeetingScript, ...]
    faults: tuple[Fault, ...]
    starts_at: float
    ends_at: float


def draw(
    seed: int, *, meetings: int, faults: float = 1.0, hours: tuple[float, float] = (0.0, 24.0)
) -> Script:
    """Draw a day.

    Args:
        seed: The same gives the same.
        meetings: How many there are.
        faults: A multiple of how many there are on a usual day.
        hours: Everything happens from the one to the other, in UTC; those of an office that is open.
    """
    dice = random.Random(seed)
    starts_at, ends_at = MIDNIGHT + hours[0] * HOUR, MIDNIGHT + hours[1] * HOUR
    regions = dice.choices(REGIONS, [_PART[one] for one in REGIONS], k=meetings)
    drawn = tuple(_meeting(dice, at, region, (starts_at, ends_at)) for at, region in enumerate(regions))
    times = [one.begins_at + dice.uniform(0, one.ends_at - one.begins_at) for one in drawn]
    found = []
    for kind, often in OFTEN.items():
        count = often * faults
        for _ in range(int(count) + (dice.random() < count % 1)):
            index = dice.randrange(len(drawn))  # more happens where more is done
            seconds = _lasts(dice, kind)
            found.append(Fault(times[index], kind, drawn[index].region, dice.random(), seconds))
    return Script(
        seed,
        drawn,
        tuple(sorted(found, key=lambda one: one.at)),
        starts_at,
        max(one.ends_at for one in drawn),
    )


def _meeting(dice: random.Random, number: int, region: str, limits: tuple[float, float]) -> MeetingScript:
    begins_at = _begins_at(dice, region, limits)
    seconds = dice.choice(_MINUTES) * 60.0 * dice.uniform(0.8, 1.15)
    ends_at = begins_at + seconds
    languages = dice.sample(_LANGUAGES[region], k=min(len(_LANGUAGES[region]), dice.choice((2, 2, 2, 3, 4))))
    visits: list[Visit] = []
    for at in range(dice.choices(range(2, 13), _PEOPLE)[0]):
        language = languages[at] if at < 2 else dice.choice(languages)
        comes_at = begins_at + (0.0 if at == 0 else min(dice.expovariate(1 / 60), seconds / 3))
        leaves_at = ends_at - min(dice.expovariate(1 / 20), seconds / 4)
        who, mutes = f"person-{number}-{at}", dice.random() < 0.65
        if dice.random() < 0.12 and seconds > 1200:
            goes_at = dice.uniform(comes_at + 60, leaves_at - 300)
            visits.append(Visit(who, language, comes_at, goes_at, mutes))
            if dice.random() < 0.6:
                visits.append(Visit(who, language, goes_at + dice.uniform(2, 240), leaves_at, mutes))
        else:
            visits.append(Visit(who, language, comes_at, leaves_at, mutes))
    return MeetingScript(f"meeting-{number}", region, tuple(visits), dice.getrandbits(32))


def _begins_at(dice: random.Random, region: str, limits: tuple[float, float]) -> float:
    """At an hour or half an hour, more or less. Days overlap: what is past midnight is in the morning."""
    if limits != (MIDNIGHT, MIDNIGHT + DAY):
        return dice.uniform(*limits)
    hour = dice.choices(range(len(_BUSY)), _BUSY)[0]
    minute = dice.choices((0, 30, dice.uniform(0, 60)), (5, 3, 2))[0]
    at = (_OPENS_AT[region] + hour) * HOUR + minute * 60
    return MIDNIGHT + (at + dice.gauss(0, 90)) % DAY


def _lasts(dice: random.Random, kind: FaultKind) -> float:
    if kind in ("job frozen", "worker frozen"):
        return dice.choice((4.0, 12.0, 30.0, 90.0)) * dice.uniform(0.7, 1.4)
    if kind == "worker drained":
        return 120.0
    if kind in ("resource refuses", "resource away"):
        return dice.choice((20.0, 90.0, 400.0)) * dice.uniform(0.7, 1.4)
    if kind in ("Redis away", "Redis replaced"):
        return dice.choice((2.0, 15.0, 45.0)) * dice.uniform(0.7, 1.4)
    return dice.uniform(2.0, 6.0)  # a server, until it serves again
