"""Plans which speakers are interpreted into which languages, and for whom.

Pure: no room, no Azure, no clock. There is one route per speaker and wanted language, and one stream to
Azure per speaker who can be heard and has a route.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from .._options.languages import other_of, same_speech, same_text
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
        between: Instead of `hears`: they are people of two languages at one device. What is said in one, also
            at the device, they hear in the other.
        publishes: They have an audio track, muted or not.
        audible: They have one that is not muted.
        voice: In which voice they want their translations to be heard.
    """

    identity: str
    hears: str | None = None
    reads: str | None = None
    speaks: str | None = None
    between: tuple[str, str] | None = None
    publishes: bool = False
    audible: bool = False
    voice: VoiceChoice = "own"

    def languages_to_hear(self, speaker: Person) -> tuple[str, ...]:
        """In which they want to hear somebody; none if they understand them, in any region's language."""
        if self.between is not None:
            # Whether somebody speaks the one or the other is known only as they speak.
            return (other_of(self.between, speaker.speaks),) if speaker.speaks else self.between
        if self.hears is None or speaker is self or same_speech(speaker.speaks or "", self.hears):
            return ()
        return (self.hears,)

    def languages_to_read(self, speaker: Person) -> tuple[str, ...]:
        """In which they want to read what somebody says."""
        if self.reads is None:
            return self.languages_to_hear(speaker)
        if speaker is self or same_text(speaker.speaks or "", self.reads):
            return ()
        return (self.reads,)


@dataclass(frozen=True)
class Audience:
    """Those who want one route.

    Attributes:
        listeners: They want to hear it. Without any, it costs no voice.
        readers: They want to read it.
        between: The two languages of each listener who has two; they hear an utterance in one of them.
    """

    listeners: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()
    between: Mapping[str, tuple[str, str]] = field(default_factory=dict)


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

    def limited_to(self, placed: Collection[str], is_waiting: Callable[[str], bool]) -> Plan:
        """This plan, if only some of its speakers have a place at a resource.

        Args:
            placed: Those who have one.
            is_waiting: Whether another one waits; otherwise the place is about to come.
        """
        waiting = [one for one in self.streams if one not in placed and is_waiting(one)]
        streams = tuple(one for one in self.streams if one in placed)
        return replace(self, streams=streams, waiting=(*waiting, *self.waiting))

    def audiences_of(self, speaker: str) -> dict[str, Audience]:
        """Of each language in which somebody wants this speaker."""
        return {route.language: one for route, one in self.audiences.items() if route.speaker == speaker}

    def replaced_originals(self, is_spoken: Callable[[Route], bool]) -> dict[str, frozenset[str]]:
        """By speaker, the listeners who can hear an interpretation in place of the original.

        Args:
            is_spoken: Whether a route of a speaker who has a stream is spoken now.
        """
        listeners: dict[str, frozenset[str]] = {}
        for route, audience in self.audiences.items():
            # People of two languages at one device need both.
            replaced = audience.listeners - audience.between.keys()
            if replaced and route.speaker not in self.waiting and is_spoken(route):
                listeners[route.speaker] = listeners.get(route.speaker, frozenset()) | replaced
        return listeners

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
            for language in one.languages_to_hear(speaker):
                if is_heard(speaker.voice, language):
                    listeners.setdefault(Route(speaker.identity, language), set()).add(one.identity)
            for language in one.languages_to_read(speaker):
                readers.setdefault(Route(speaker.identity, language), set()).add(one.identity)
    between = {one.identity: one.between for one in people if one.between is not None}
    return {
        route: _audience(listeners.get(route, set()), readers.get(route, set()), between)
        for route in [*listeners, *(route for route in readers if route not in listeners)]
    }


def _audience(
    listeners: Collection[str], readers: Collection[str], between: Mapping[str, tuple[str, str]]
) -> Audience:
    these = {listener: between[listener] for listener in listeners if listener in between}
    return Audience(frozenset(listeners), frozenset(readers), these)
