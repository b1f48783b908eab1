"""The interpretations of a meeting that wait for a place of a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..log import logger
from .client_contract import HeardIn, LanguageState, SpeakerState
from .planner import Person, Plan, Route
from .voice_choice import VoiceChoice


class WaitingRoutes:
    """Keeps what clients are told of the routes that wait, and tells of each one that begins to wait.

    Args:
        heard_in: Returns in which voice a language will be heard for a speaker's choice.
        queued: Called with each route that begins to wait.
    """

    def __init__(
        self, heard_in: Callable[[VoiceChoice, str], HeardIn], queued: Callable[[Route], None]
    ) -> None:
        self._heard_in, self._queued = heard_in, queued
        self._states: dict[Route, LanguageState] = {}

    def update(self, plan: Plan, people: Mapping[str, Person]) -> None:
        """These wait now.

        Args:
            plan: The plan of this moment.
            people: Everybody in the room, by identity.
        """
        before = self._states
        self._states = {
            route: self._state(route, plan, people[route.speaker].voice) for route in plan.waiting_routes
        }
        begun = [route for route in self._states if route not in before]
        if begun:
            logger.warning(
                "%d interpretations wait for a place: all places for streams are taken (%s)",
                len(self._states),
                ", ".join(route.name for route in begun),
            )
        for route in begun:
            self._queued(route)

    def added_to(self, states: Mapping[str, SpeakerState]) -> dict[str, SpeakerState]:
        """The states of speakers, with the languages that wait."""
        together = dict(states)
        for route, waits in self._states.items():
            state = together.get(route.speaker, SpeakerState({}))
            together[route.speaker] = replace(state, languages={**state.languages, route.language: waits})
        return together

    def _state(self, route: Route, plan: Plan, choice: VoiceChoice) -> LanguageState:
        audience = plan.audiences[route]
        voice = self._heard_in(choice if audience.listeners else "text", route.language)
        wanted_by = audience.listeners or audience.readers
        place = plan.waiting.index(route.speaker) + 1
        return LanguageState("queued", voice, len(wanted_by), place=place)
