"""Plans which speakers are interpreted into which languages, and for whom.

Pure: no room, no Azure, no clock. There is one route per speaker and wanted language, and one stream to
Azure per speaker who can be heard and has a route.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .._options.languages import same_speech, same_text
from .voice_choice import VoiceChoice


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
        reads: The language of their captions; None: the one that they hear.
        speaks: The language that they speak; None: not known, so that it may be any.
        publishes: They have an audio track, muted or not.
        audible: They have one that is not muted.
        voice: In which voice they want their translations to be heard.
    """

    identity: str
    hears: str | None = None
    reads: str | None = None
    speaks: str | None = None
    publishes: bool = False
    audible: bool = False
    voice: VoiceChoice = "own"

    def listens_to(self, speaker: Person) -> bool:
        """Whether they want to hear a translation; not of somebody whom they understand, of any region."""
        return self.hears is not None and not same_speech(speaker.speaks or "", self.hears)

    def language_to_read(self, speaker: Person) -> str | None:
        """The language in which they want to read what somebody says; None: no translation."""
        if self.reads is None:
            return self.hears if self.listens_to(speaker) else None
        return None if same_text(speaker.speaks or "", self.reads) else self.reads


@dataclass(frozen=True)
class Audience:
    """Those who want one route.

    Attributes:
        listeners: They want to hear it. Without any, it costs no voice.
        readers: They want to read it.
    """

    listeners: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()


NOBODY = Audience()


@dataclass(frozen=True)
class Plan:
    """The routes and streams that a meeting needs now.

    Attributes:
        audiences: Of each wanted route; its speaker may be muted.
        streams: The speakers who have a stream, in the order in which they got it.
        waiting: The speakers who wait for a stream; the one who waits longest is first.
    """

    audiences: Mapping[Route, Audience]
    streams: tuple[str, ...]
    waiting: tuple[str, ...]

    def audiences_of(self, speaker: str) -> dict[str, Audience]:
        """Of each language in which somebody wants this speaker."""
        return {route.language: one for route, one in self.audiences.items() if route.speaker == speaker}

    @property
    def waiting_routes(self) -> tuple[Route, ...]:
        """The routes of the speakers who wait."""
        return tuple(
            route for speaker in self.waiting for route in self.audiences if route.speaker == speaker
        )


class Planner:
    """Plans one meeting, with a limit of streams.

    A speaker keeps the stream for as long as somebody wants it. Waiting speakers get one in the order of
    waiting.

    Args:
        max_streams: How many streams may be open at the same time.
        is_heard: Whether there is a voice for a speaker's choice in a language. If not, those who want to
            hear it can only read it.
    """

    def __init__(
        self, max_streams: int, is_heard: Callable[[VoiceChoice, str], bool] = lambda voice, language: True
    ) -> None:
        self._max_streams = max_streams
        self._is_heard = is_heard
        self._line: dict[str, None] = {}

    def plan(self, people: Iterable[Person], *, hearing: Collection[str] = (), further: int = 0) -> Plan:
        """
        Args:
            people: Everybody in the room, but the interpreter.
            hearing: The speakers whom a stream hears.
            further: How many other streams are open: they end, or are for a further voice of a speaker.
        """
        people = sorted(people, key=lambda person: person.identity)
        audiences = _audiences(people, self._is_heard)
        wanted = {route.speaker for route in audiences}
        active = [person.identity for person in people if person.audible and person.identity in wanted]
        kept = [speaker for speaker in self._line if speaker in active]
        self._line = dict.fromkeys([*kept, *active])
        # A stream that hears and is not wanted any more ends, too.
        further += sum(speaker not in active for speaker in hearing)
        places = max(0, self._max_streams - further)
        line = tuple(self._line)
        return Plan(audiences, line[:places], line[places:])


def _audiences(
    people: Sequence[Person], is_heard: Callable[[VoiceChoice, str], bool]
) -> dict[Route, Audience]:
    """Those who want each route."""
    listeners: dict[Route, set[str]] = {}
    readers: dict[Route, set[str]] = {}
    for speaker in filter(lambda person: person.publishes, people):
        for one in people:
            if one is speaker:
                continue
            if one.hears is not None and one.listens_to(speaker) and is_heard(speaker.voice, one.hears):
                listeners.setdefault(Route(speaker.identity, one.hears), set()).add(one.identity)
            if (language := one.language_to_read(speaker)) is not None:
                readers.setdefault(Route(speaker.identity, language), set()).add(one.identity)
    return {
        route: Audience(frozenset(listeners.get(route, ())), frozenset(readers.get(route, ())))
        for route in [*listeners, *(route for route in readers if route not in listeners)]
    }
