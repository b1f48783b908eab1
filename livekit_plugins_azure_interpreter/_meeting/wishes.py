"""Reads what the participants of a meeting want to hear and to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from livekit import rtc

from .._options.languages import spoken, target
from ..log import logger
from .planner import Person
from .room import Member

LanguageOf = Callable[[rtc.RemoteParticipant], str | None]


@dataclass(frozen=True)
class AttributeNames:
    """The participant attributes that name languages: to hear, to read, and that is spoken."""

    hears: str = "language"
    reads: str = "read_language"
    speaks: str = "spoken_language"


class Wishes:
    """Reads them from participant attributes; for participants without these, from the user's arguments.

    A telephone has no attributes of its own. Its language is told by `language_of`, or is the default.

    Args:
        names: The names of the attributes.
        language_of: Returns the language of a participant who has set none; None: not known.
        default_language: The language that all other people hear; None: the original.

    Attributes:
        refused: Why a request is not understood, by identity.

    Raises:
        ValueError: Azure does not translate to the default language.
    """

    def __init__(
        self,
        names: AttributeNames = AttributeNames(),
        *,
        language_of: LanguageOf | None = None,
        default_language: str | None = None,
    ) -> None:
        self.refused: dict[str, str] = {}
        self._names = names
        self._language_of = language_of
        self._default = None if default_language is None else _checked(default_language)
        self._failing: frozenset[str] = frozenset()

    def read(self, members: Iterable[Member]) -> list[Person]:
        """Read what these people want now, and note in `refused` what is not understood."""
        refused: dict[str, str] = {}
        failing: set[str] = set()
        people = [self._person(member, refused, failing) for member in members]
        for identity, reason in refused.items():
            if self.refused.get(identity) != reason:
                logger.warning("%r is not served as they ask; %s", identity, reason)
        self.refused, self._failing = refused, frozenset(failing)
        return people

    def _person(self, member: Member, refused: dict[str, str], failing: set[str]) -> Person:
        def understood(value: str, source: str, understand: Callable[[str], str]) -> str | None:
            try:
                return understand(value) if value else None
            except ValueError as error:
                refused[member.identity] = f"{source} is ignored: {error}"
                return None

        def attribute(name: str, understand: Callable[[str], str]) -> str | None:
            return understood(member.attributes.get(name, "").strip(), f"the attribute {name!r}", understand)

        hears = attribute(self._names.hears, target)
        reads = attribute(self._names.reads, target)
        if hears is None and reads is None:
            hears = understood(self._told(member, failing), "the answer of language_of", target)
        speaks = attribute(self._names.speaks, spoken) or hears
        if hears is None and reads is None and not member.is_agent:
            # A guess: they may speak any language, so it prevents no interpretation.
            hears = self._default
        return Person(
            identity=member.identity,
            hears=hears,
            reads=reads,
            speaks=speaks,
            publishes=member.publishes,
            audible=bool(member.tracks),
        )

    def _told(self, member: Member, failing: set[str]) -> str:
        """The answer of `language_of`; empty if there is none."""
        if self._language_of is None or member.participant is None:
            return ""
        try:
            return (self._language_of(member.participant) or "").strip()
        except Exception:
            failing.add(member.identity)
            if member.identity not in self._failing:
                logger.exception("language_of failed for %r, who counts as without one", member.identity)
            return ""


def _checked(language: str) -> str:
    try:
        return target(language)
    except ValueError as error:
        raise ValueError(f"default_language: {error}") from None
