"""An interpreter's job: the real planner, places, rivals and record, around streams that are fakes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from livekit import rtc
from livekit.agents import APIConnectionError, APIError

from livekit_plugins_azure_interpreter import Resource, SpeechResources
from livekit_plugins_azure_interpreter._fleet.leases import Leases
from livekit_plugins_azure_interpreter._fleet.resource_places import Place
from livekit_plugins_azure_interpreter._meeting.planner import Person, Planner
from livekit_plugins_azure_interpreter._meeting.rivals import Rivals
from livekit_plugins_azure_interpreter._meeting.speaker_places import SpeakerPlaces
from livekit_plugins_azure_interpreter._recognition.placement import Placement, PlacesOfSTT
from livekit_plugins_azure_interpreter._recognition.transcripts import Transcript
from livekit_plugins_azure_interpreter.record import Entry, Record
from livekit_plugins_azure_interpreter.record.continuation import meeting_to_continue
from livekit_plugins_azure_interpreter.record.scribe import Audience, Presence, Scribe
from livekit_plugins_azure_interpreter.reports import UtteranceRecognized
from livekit_plugins_azure_interpreter.speech_resources import places_of

from .azure import FakeAzure, FakeResource
from .livekit import FakeLiveKit
from .processes import Process
from .room import Agent

_START_SECONDS = (0.6, 1.4)
"""From the acceptance of a job to its connected room."""
_WAIT_SECONDS = 9.0
"""How long a connection waits for a place: the share of `STT`'s connect timeout."""
_RETRY_SECONDS = 2.0
"""LiveKit's pause after a failed attempt."""
_NUMBERS = count(1)


@dataclass(frozen=True)
class Fleet:
    """What all jobs share, and how they are set up.

    Attributes:
        share: As in `SpeechResources`.
        gives_way: Of two interpreters, one gives way; False for a test of the checks.
        order: Sorts the resources for a region, the best one first.
        told: Called with a room and an entry that the record has confirmed.
        ended: Called with the number of entries that a job gives up as it ends.
    """

    azure: FakeAzure
    leases: Leases | None
    record: Record
    dice: random.Random
    share: int
    gives_way: bool
    order: Callable[[str], Sequence[FakeResource]]
    told: Callable[[str, Entry], None]
    ended: Callable[[int], None]


@dataclass(frozen=True)
class Said:
    """An utterance."""

    text: str
    speaker: str
    language: str
    started_at: float
    ended_at: float


class _Rivals(Rivals):
    """Sees that its process stood still by the process itself: it would do so by the real clock."""

    def __init__(self, agent: Agent, give_way: Callable[[str], None]) -> None:
        super().__init__(agent, give_way, now=asyncio.get_running_loop().time)  # type: ignore[arg-type]
        self._thawed = asyncio.Event()
        agent.process.thawed.append(self._thawed.set)

    async def _keep_time(self) -> None:
        while True:
            await self._thawed.wait()
            self._thawed.clear()
            self._begin_anew()


class MeetingJob:
    """One job, from its acceptance to its end.

    Args:
        over: Called once it has ended, by itself or killed.
    """

    def __init__(
        self, fleet: Fleet, livekit: FakeLiveKit, room: str, over: Callable[[MeetingJob], None]
    ) -> None:
        number = next(_NUMBERS)
        self.id, self.identity, self.room = f"AJ_{number}", f"agent-{number}", room
        self.process = Process(self.id)
        self.fleet, self.livekit = fleet, livekit
        self.scribe: Scribe | None = None
        self.streams: dict[str, Stream] = {}
        self._ending = asyncio.Event()
        self._planner = Planner(100)
        self._resources = fleet.order(livekit.region)
        self._speech = SpeechResources(
            [_resource(one) for one in self._resources], leases=fleet.leases, share=fleet.share
        )
        self.places = places_of(self._speech, "recognition")
        self._speaker_places = SpeakerPlaces(self.places, self._plan_soon)
        self._planning = False
        self.agent = Agent(
            livekit, room, self.identity, self.process, changed=self._plan_soon, ended=self._ending.set
        )
        self.agent.hear = self._hear
        self.process.frozen.append(lambda: livekit.drop_later(self.agent))
        self.process.ended.append(lambda: livekit.drop_later(self.agent))
        self.process.thawed.append(lambda: livekit.resume(self.agent))
        self.process.ended.append(lambda: over(self))

    async def main(self) -> None:
        """Called outside of the process."""
        await self.process.begin(self._run())
        await self.process.end()

    def shut_down(self) -> None:
        self.process.tell(self._ending.set)

    def resource(self, place: Place) -> FakeResource:
        return self._resources[place.seat.index]

    async def _run(self) -> None:
        await asyncio.sleep(self.fleet.dice.uniform(*_START_SECONDS))
        self.livekit.connect(self.agent)
        rivals = _Rivals(self.agent, lambda _: self._ending.set())
        is_first = not self.fleet.gives_way or await rivals.leader() is None
        if is_first and self.agent.room is not None:
            await self._interpret(rivals, self.agent.room.sid)
        self.livekit.leave(self.agent)

    async def _interpret(self, rivals: _Rivals, sid: str) -> None:
        record, now = self.fleet.record, asyncio.get_running_loop().time()
        people = self.agent.remote_participants.keys()
        meeting = await meeting_to_continue(record, sid=sid, room=self.room, people=people, now=now)
        self.scribe = Scribe(record, meeting, self.room)
        self.scribe.keeper.on("entry_kept", lambda entry: self.fleet.told(self.room, entry))
        self.agent.tell({"interpreter": "ready"})
        if self.fleet.gives_way:
            rivals.watch(self.agent.tell)
        self._plan_soon()
        await self._ending.wait()
        await rivals.aclose()
        self._speaker_places.close()
        await asyncio.gather(*(stream.aclose() for stream in self.streams.values()))
        self.livekit.leave(self.agent)
        await self.scribe.aclose()
        self.fleet.ended(self.scribe.keeper.lost)
        await self._speech.aclose()

    def _plan_soon(self) -> None:
        if not self._planning and not self._ending.is_set() and self.scribe is not None:
            self._planning = True
            asyncio.get_running_loop().call_soon(self._plan)

    def _plan(self) -> None:
        self._planning = False
        room = self.agent.room
        if room is None or self._ending.is_set() or self.scribe is None:
            return
        members = [(one.identity, one.attributes["language"], one.is_muted) for one in room.people.values()]
        self.scribe.present(Presence(who, who, language) for who, language, _ in members)
        plan = self._planner.plan(
            [
                Person(who, hears=language, speaks=language, publishes=True, audible=not is_muted)
                for who, language, is_muted in members
            ],
            hearing=self.streams,
        )
        placed = self._speaker_places.ask(plan.streams, self.streams.keys())
        plan = plan.limited_to(placed, self._speaker_places.is_waiting)
        for speaker in self.streams.keys() - set(plan.streams):
            self.streams.pop(speaker).end()
        for speaker in plan.streams:
            if speaker not in self.streams:
                self.streams[speaker] = Stream(self, speaker, self._speaker_places.hand_over(speaker))

    def _hear(self, said: Said) -> None:
        """The room has its sound."""
        if self.process.runs and said.speaker in self.streams and not self._ending.is_set():
            stream = self.streams[said.speaker]
            self.process.tell(lambda: stream.hear(said))


class Stream(rtc.EventEmitter[Literal["utterance_recognized"]]):
    """Hears one speaker, with the real placement; the next connection gets what had no result."""

    def __init__(self, job: MeetingJob, speaker: str, place: Place | None) -> None:
        super().__init__()
        self._job, self._speaker = job, speaker
        self._owner = PlacesOfSTT(job.places)
        if place is not None:
            self._owner.reserve(place)
        self._is_connected = self._is_ending = False
        self._unheard: list[Said] = []
        assert job.scribe is not None
        job.scribe.listen(self, lambda: Presence(speaker, speaker), lambda language: Audience())
        self._task = asyncio.create_task(self._run())

    def hear(self, said: Said) -> None:
        self._unheard.append(said)
        if self._is_connected:
            self._recognize()

    def end(self) -> None:
        self._is_ending = True
        self._task.cancel()

    async def aclose(self) -> None:
        self.end()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        placement = Placement(self._owner, wait_seconds=_WAIT_SECONDS)
        try:
            while True:
                try:
                    await self._attempt(placement)
                except APIError as error:
                    if not await placement.goes_on(error):
                        await asyncio.sleep(_RETRY_SECONDS)
        finally:
            placement.close()
            self._owner.close()

    async def _attempt(self, placement: Placement) -> None:
        place = await placement.take()
        job, connection, lost_places = self._job, None, []
        try:
            connection = await job.fleet.azure.connect(job.resource(place), job.process, job.livekit.region)
            place.on_lost(lambda: (lost_places.append(place), connection.close()))
            place.served()
            self._is_connected = True
            self._recognize()
            await asyncio.shield(connection.lost)
            raise APIConnectionError("the connection was lost")
        except APIError:
            if not lost_places:  # else another resource would be no better
                place.failed()
            raise
        finally:
            self._is_connected = False
            if connection is not None:
                connection.close()
            place.release()

    def _recognize(self) -> None:
        unheard, self._unheard = self._unheard, []
        for said in unheard:
            transcript = Transcript(
                text=said.text,
                language=said.language,
                source_text=said.text,
                source_language=said.language,
                translations={},
                start_time=said.started_at,
                end_time=said.ended_at,
                translated=False,
            )
            self.emit(
                "utterance_recognized",
                UtteranceRecognized(said.text, transcript, said.started_at, said.ended_at),
            )


def _resource(fake: FakeResource) -> Resource:
    return Resource(
        speech_key=fake.name, speech_region=fake.region, name=fake.name, max_streams=fake.max_streams
    )
