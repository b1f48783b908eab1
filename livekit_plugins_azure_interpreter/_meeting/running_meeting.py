"""A meeting while it is interpreted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from .._fleet.resource_places import Place
from .._options.languages import target
from ..record.scribe import Audience, Presence
from .client_contract import ATTRIBUTE_OFFER, state_attributes
from .floor import Floor, FreeFloor
from .planner import Person, Plan, Route
from .recording import MeetingRecording
from .reports import InterpretationChanged, Report, SpeakerInterpreted, SpeechMissed
from .room import Member, Room
from .settings import MeetingSettings
from .speaker import SpeakerInterpreter
from .speaker_places import SpeakerPlaces
from .speakers import Speakers
from .state_teller import StateTeller
from .waiting_routes import WaitingRoutes


class RunningMeeting:
    """Interprets everybody in a room for everybody else, from its construction until `aclose`.

    After each change it makes one plan for all changes of a moment, and does what the plan says.

    Args:
        room: The room; `aclose` closes it.
        settings: How to interpret.
        recording: Keeps what is said; `aclose` closes it.
        tell: Called with each event.
        gone: Called once the room is gone.
    """

    def __init__(
        self,
        room: Room,
        settings: MeetingSettings,
        recording: MeetingRecording,
        *,
        tell: Callable[[Report], None],
        gone: Callable[[], None],
    ) -> None:
        self._room, self._settings, self._recording, self._tell = room, settings, recording, tell
        self._wishes, self._planner = settings.make_wishes(), settings.make_planner()
        places = settings.speech.places
        self._places = None if places is None else SpeakerPlaces(places, self._plan_soon)
        self._teller = StateTeller(self._state, room.tell)
        self._floor = Floor(self._teller.changed) if settings.conduct.is_consecutive else FreeFloor()
        self._speakers = Speakers(room, self._floor, self._interpret)
        self._waiting = WaitingRoutes(settings.speech.voices.heard_in, self._queued)
        self._refused: Mapping[str, str] = {}
        self._is_planning = self._is_over = False
        room.watch(self._plan_soon, gone)
        self._plan_soon()

    @property
    def interpretations(self) -> Mapping[Route, frozenset[str]]:
        """Those who hear each route now; nobody hears a language that is only read."""
        return self._speakers.interpretations

    @property
    def open_streams(self) -> int:
        """How many streams to Azure are open."""
        return self._speakers.open_streams

    def stop(self) -> None:
        """Plan and tell nothing more. `aclose` does the rest."""
        self._is_over = True
        self._teller.close()

    async def aclose(self) -> None:
        """Stop at once, and take everything out of the room."""
        self.stop()
        if self._places is not None:
            self._places.close()
        await self._speakers.aclose()
        await self._room.aclose()
        await self._recording.aclose()

    # The plan

    def _plan_soon(self) -> None:
        if not (self._is_planning or self._is_over):
            self._is_planning = True
            asyncio.get_running_loop().call_soon(self._plan)

    def _plan(self) -> None:
        self._is_planning = False
        if self._is_over:
            return
        members = {member.identity: member for member in self._room.members()}
        people = {person.identity: person for person in self._wishes.read(members.values())}
        self._tell_refused()
        self._record_present(people, members)
        plan = self._plan_for(people)
        tracks = {identity: member.tracks for identity, member in members.items()}
        self._speakers.serve(plan, people, tracks, self._take_place)
        self._waiting.update(plan, people)
        if self._settings.conduct.replaces_originals:
            self._room.replace(plan.replaced_originals(self._speakers.is_spoken))
        self._teller.changed()

    def _plan_for(self, people: Mapping[str, Person]) -> Plan:
        hearing = self._speakers.hearing
        further = self._speakers.further_streams
        plan = self._planner.plan(people.values(), hearing=hearing, further=further)
        if self._places is None:
            return plan
        return plan.limited_to(self._places.ask(plan.streams, hearing), self._places.is_waiting)

    def _take_place(self, identity: str) -> Place | None:
        return None if self._places is None else self._places.hand_over(identity)

    def _tell_refused(self) -> None:
        if self._wishes.refused != self._refused:
            self._refused = self._wishes.refused
            self._room.refuse(self._refused)

    def _record_present(self, people: Mapping[str, Person], members: Mapping[str, Member]) -> None:
        self._recording.present(
            Presence(one.identity, members[one.identity].name, one.hears, one.reads)
            for one in people.values()
        )

    # The speakers

    def _interpret(self, identity: str) -> SpeakerInterpreter:
        speech, conduct = self._settings.speech, self._settings.conduct
        stt = speech.make_stt()
        self._recording.listen(identity, stt, lambda language: self._audience(identity, language))
        self._tell(SpeakerInterpreted(identity, stt))
        return SpeakerInterpreter(
            identity,
            self._room,
            stt,
            speech.voices.of_speaker(identity),
            policy=conduct.policy,
            open_detector=conduct.open_detector,
            report=self._changed,
            missed=self._missed,
            admitted=self._admit,
            moved=self._teller.changed,
            sounds=self._floor.sounds,
            freed=self._plan_soon,
        )

    def _audience(self, identity: str, language: str) -> Audience:
        """Those who hear a speaker in this language now, and Azure's voice of it."""
        language = target(language)
        listeners = self._speakers.listeners.get(Route(identity, language), frozenset())
        choice = self._speakers.voice_of(identity)
        voice = None if choice is None else self._settings.speech.voices.azure_voice(choice, language)
        return Audience(listeners, voice or "")

    def _changed(self, change: InterpretationChanged) -> None:
        if self._settings.conduct.replaces_originals:
            self._plan_soon()  # listeners of what has failed hear the original meanwhile
        self._tell(change)
        self._teller.changed()

    def _queued(self, route: Route) -> None:
        self._tell(InterpretationChanged(*route, "queued"))

    def _missed(self, missed: SpeechMissed) -> None:
        self._recording.missed(missed)
        self._tell(missed)

    def _admit(self) -> None:
        if not self._is_over:
            self._room.admit(self._speakers.listeners)

    # The state

    def _state(self) -> tuple[dict[str, str], bool]:
        """What any client may know, as participant attributes; and whether it changes by itself."""
        states = self._waiting.added_to(self._speakers.states)
        turn = self._floor.attributes
        is_moving = bool(turn) or any(state.is_moving for state in states.values())
        told = {ATTRIBUTE_OFFER: self._settings.offer, **self._recording.attributes}
        return {**told, **state_attributes(states), **turn}, is_moving
