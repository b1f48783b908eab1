"""The state of one speaker's interpretations, as clients are told it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from .client_contract import Failure, HeardIn, LanguageState, SpeakerState
from .planner import NOBODY, Audience

_TRACK_FAILED = Failure("the voice cannot be played at the moment")


class RouteState(Protocol):
    """What a route tells of itself, as `RouteInterpreter` does."""

    @property
    def listeners(self) -> frozenset[str]: ...

    @property
    def voice(self) -> HeardIn | None: ...

    @property
    def is_broken(self) -> bool: ...

    @property
    def has_backlog(self) -> bool: ...

    @property
    def backlog_seconds(self) -> float: ...


def speaker_state(
    audiences: Mapping[str, Audience],
    routes: Mapping[str, RouteState],
    *,
    started: Collection[str],
    failures: Mapping[str | None, Failure],
    next_voice: Callable[[str], HeardIn],
    is_paused: bool,
) -> SpeakerState:
    """
    Args:
        audiences: Those who want each language.
        routes: The languages that are spoken, or were until now.
        started: The languages that are interpreted now.
        failures: Of the stream (None), and of single languages.
        next_voice: In which voice a language is spoken next.
        is_paused: The speaker does not speak now.
    """
    languages: dict[str, LanguageState] = {}
    for language in dict.fromkeys([*audiences, *routes]):
        audience, route = audiences.get(language, NOBODY), routes.get(language)
        is_failed = bool(failures.keys() & {None, language}) or (route is not None and route.is_broken)
        has_backlog = route is not None and route.has_backlog
        if is_failed or has_backlog or language in started:
            voice = route.voice if route is not None else None
            voice = voice or (next_voice(language) if audience.listeners else "text")
            listeners = audience.listeners | (route.listeners if route is not None else frozenset())
            languages[language] = LanguageState(
                "failed" if is_failed else "interpreted",
                voice,
                len(audience.readers if voice == "text" else listeners),
                route.backlog_seconds if route is not None else 0.0,
                has_backlog,
            )
    waiting = [route.listeners for route in routes.values() if route.has_backlog] if is_paused else []
    told = [*failures.values(), *(_TRACK_FAILED for route in routes.values() if route.is_broken)]
    return SpeakerState(languages, len(frozenset[str]().union(*waiting)), next(iter(told), None))
