"""Plans which speakers are interpreted into which languages, and for which listeners.

Pure: no room, no Azure, no clock. There is one route per speaker and wanted language, and one stream to
Azure per route whose speaker can be heard. Fewer streams would leave a listener out, because a stream of
Azure has only one voice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .._options.languages import same_speech


class Route(NamedTuple):
    """One person's speech in one language."""

    speaker: str
    language: str

    @property
    def name(self) -> str:
        """The name of the track that carries it."""
        return f"{self.speaker}-{self.language}"


@dataclass(frozen=True)
class Person:
    """Somebody in the room.

    Attributes:
        identity: LiveKit's name for them.
        hears: The language that they want to hear, as Azure calls it; None: no translations.
        speaks: The language that they speak; None: not known, so that it may be any.
        publishes: They have an audio track, muted or not.
        audible: They have one that is not muted.
    """

    identity: str
    hears: str | None = None
    speaks: str | None = None
    publishes: bool = False
    audible: bool = False


@dataclass(frozen=True)
class Plan:
    """The routes and streams that a meeting needs now.

    Attributes:
        listeners: The listeners of each wanted route; its speaker may be muted.
        streams: The routes that have a stream, in the order in which they got it.
        waiting: The routes that wait for a stream; the one that waits longest is first.
    """

    listeners: Mapping[Route, frozenset[str]]
    streams: tuple[Route, ...]
    waiting: tuple[Route, ...]


class Planner:
    """Plans one meeting, with a limit of streams.

    A route keeps its stream for as long as it is wanted; waiting routes get one in the order of waiting.

    Args:
        max_streams: How many streams may be open at the same time.
    """

    def __init__(self, max_streams: int) -> None:
        self._max_streams = max_streams
        self._line: dict[Route, None] = {}

    def plan(self, people: Iterable[Person], *, hearing: Collection[Route] = (), ending: int = 0) -> Plan:
        """
        Args:
            people: Everybody in the room, but the interpreter.
            hearing: The routes whose stream hears the speaker.
            ending: How many other streams are still open: they hear nothing more, but still speak.
        """
        people = sorted(people, key=lambda person: person.identity)
        listeners = _listeners(people)
        audible = {person.identity for person in people if person.audible}
        active = [route for route in listeners if route.speaker in audible]
        kept = [route for route in self._line if route in active]
        self._line = dict.fromkeys([*kept, *active])
        # A stream that hears and is not wanted any more ends, too.
        ending += sum(route not in active for route in hearing)
        places = max(0, self._max_streams - ending)
        line = tuple(self._line)
        return Plan(listeners, line[:places], line[places:])


def _listeners(people: Sequence[Person]) -> dict[Route, frozenset[str]]:
    """The listeners of each route. A person who understands the speaker, of any region, wants none."""
    wanting = [(one.identity, one.hears) for one in people if one.hears is not None]
    found: dict[Route, set[str]] = {}
    for speaker in filter(lambda person: person.publishes, people):
        for listener, wanted in wanting:
            if listener != speaker.identity and not same_speech(speaker.speaks or "", wanted):
                found.setdefault(Route(speaker.identity, wanted), set()).add(listener)
    return {route: frozenset(who) for route, who in found.items()}
