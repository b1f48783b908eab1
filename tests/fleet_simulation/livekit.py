"""The LiveKit server of one region: its rooms, its workers, and what a watch may ask."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TypeVar

from livekit_plugins_azure_interpreter._fleet.fleet import FleetError
from livekit_plugins_azure_interpreter._fleet.watch import Dispatch, Person

from .processes import begin_in_world, running
from .room import LATENCY_SECONDS, Agent, Host, Member, Room, Sent

_ANSWER_SECONDS = 1.0
"""A call to a participant ends after this time, as `LiveKitFleet` asks."""
_DROP_SECONDS = 20.0
"""A participant without a sign of life leaves the room after this time."""
_EMPTY_SECONDS = 20.0
"""A room without people ends after this time."""
_BACK_SECONDS = (0.5, 3.0)
"""People and interpreters are back so long after a server is."""

T = TypeVar("T")


class FakeLiveKit:
    """Implements the port `Fleet`, and what people, workers and jobs see.

    Attributes:
        rooms_by_name: The rooms that there are.
        hosts: The workers that are registered.
        requests: How many there were, by name.
        is_away: It restarts.
        watched: Called with a room after each change in it; None: with all rooms.
    """

    def __init__(self, region: str, dice: random.Random) -> None:
        self.region = region
        self.rooms_by_name: dict[str, Room] = {}
        self.hosts: list[Host] = []
        self.requests: Counter[str] = Counter()
        self.is_away = False
        self.watched: Callable[[Room | None], None] = lambda room: None
        self._expected: dict[str, dict[str, Member]] = {}
        self._numbers = count(1)
        self._dice = dice

    # What people do

    def come(self, room: str, identity: str, language: str) -> None:
        member = Member(identity, {"language": language}, _now())
        self._expected.setdefault(room, {})[identity] = member
        self._enter(room, member)

    def go(self, room: str, identity: str) -> None:
        del self._expected[room][identity]
        if (there := self.rooms_by_name.get(room)) and there.people.pop(identity, None):
            self.changed(there)
            if not there.people:
                asyncio.get_running_loop().call_later(_EMPTY_SECONDS, self._end_if_empty, there)

    def mute(self, room: str, identity: str, is_muted: bool) -> None:
        if (member := self._expected[room].get(identity)) is not None and member.is_muted != is_muted:
            member.is_muted = is_muted
            if there := self.rooms_by_name.get(room):
                self.changed(there)

    def _enter(self, room: str, member: Member) -> None:
        if not self.is_away and self._expected[room].get(member.identity) is member:
            member.joined_at = _now()
            there = self._room(room)
            there.people[member.identity] = member
            self.changed(there)

    # What interpreters do

    def connect(self, agent: Agent) -> None:
        if self.is_away:
            agent.process.tell(agent.ended)
            return
        agent.room, agent.joined_at = self._room(agent.name), _now()
        agent.room.agents[agent.identity] = agent
        self.changed(agent.room, but=agent)

    def leave(self, agent: Agent) -> None:
        there, agent.room = agent.room, None
        if there is not None and there.agents.pop(agent.identity, None):
            self.changed(there)

    def drop_later(self, agent: Agent) -> None:
        """Its process has died or stands still."""
        if agent.room is not None:
            self.watched(agent.room)
        asyncio.get_running_loop().call_later(_DROP_SECONDS, self._drop, agent)

    def resume(self, agent: Agent) -> None:
        """Its process goes on: it is where it was, or comes again."""
        if agent.room is not None:
            self.watched(agent.room)
        elif self._expected.get(agent.name):
            begin_in_world(self._come_again(agent))

    def _drop(self, agent: Agent) -> None:
        if not agent.process.runs:
            self.leave(agent)

    async def _come_again(self, agent: Agent) -> None:
        await asyncio.sleep(self._dice.uniform(*_BACK_SECONDS))
        if agent.room is None and agent.process.runs:
            self.connect(agent)
            agent.happened("reconnected")

    # The server

    def changed(self, room: Room, *, but: Agent | None = None) -> None:
        self.watched(room)
        for agent in room.agents.values():
            if agent is not but:
                agent.process.tell(agent.changed)
                agent.happened("participant_attributes_changed")

    def begin_dispatch(self, room: Room) -> None:
        sent = Sent(next(self._numbers), _now())
        room.sent.append(sent)
        begin_in_world(self._assign(room, sent))

    async def restart(self, seconds: float) -> None:
        """It is away for some seconds. Nobody has left, so all come again."""
        self.is_away = True
        hosts, self.hosts = self.hosts, []
        rooms, self.rooms_by_name = self.rooms_by_name, {}
        agents = [agent for room in rooms.values() for agent in room.agents.values()]
        for agent in agents:
            agent.room = None
        self.watched(None)
        await asyncio.sleep(seconds)
        self.is_away = False
        self.watched(None)
        for name, members in list(self._expected.items()):
            for member in list(members.values()):
                self._soon(lambda name=name, member=member: self._enter(name, member))
        for agent in agents:
            if self._dice.random() < 0.85:
                begin_in_world(self._come_again(agent))
            else:
                agent.process.tell(agent.ended)
        for host in hosts:
            self._soon(lambda host=host: self.register(host))

    def register(self, host: Host) -> None:
        if not host.process.is_dead:
            self.hosts.append(host)

    def unregister(self, host: Host) -> None:
        if host in self.hosts:
            self.hosts.remove(host)

    def _soon(self, what: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self._dice.uniform(*_BACK_SECONDS), what)

    def _room(self, name: str) -> Room:
        if (room := self.rooms_by_name.get(name)) is None:
            room = self.rooms_by_name[name] = Room(name, f"RM_{self.region}_{next(self._numbers)}")
            self.begin_dispatch(room)
        return room

    def _end_if_empty(self, room: Room) -> None:
        if not room.people and self.rooms_by_name.get(room.name) is room:
            del self.rooms_by_name[room.name]
            for agent in list(room.agents.values()):
                agent.room = None
                agent.process.tell(agent.ended)

    async def _assign(self, room: Room, sent: Sent) -> None:
        """Ask one worker, by chance: who has more places is asked more often.

        If it does not answer, nobody comes: LiveKit gives up after 3 s, and asks no other one.
        """
        await asyncio.sleep(self._dice.uniform(0.05, 0.15))
        if self.rooms_by_name.get(room.name) is not room or sent not in room.sent or self.is_away:
            return
        if hosts := [one for one in self.hosts if one.free > 0 and not one.is_draining]:
            host = self._dice.choices(hosts, [one.free for one in hosts])[0]
            if host.process.runs:
                sent.job = host.accept(room.name)
            else:
                room.unanswered += 1

    # The port

    async def rooms(self) -> Mapping[str, str]:
        def rooms() -> Mapping[str, str]:
            return {name: one.sid for name, one in self.rooms_by_name.items() if one.people}

        return await self._answer("rooms", rooms)

    async def people(self, room: str) -> Sequence[Person]:
        def people() -> Sequence[Person]:
            there = self.rooms_by_name.get(room)
            return (
                []
                if there is None
                else [one.told() for one in (*there.people.values(), *there.agents.values())]
            )

        return await self._answer("people", people)

    async def answers(self, room: str, identity: str) -> bool:
        agent = await self._answer("answers", lambda: self._agent(room, identity))
        if agent is not None and not agent.process.runs:
            await asyncio.sleep(_ANSWER_SECONDS)
            await running()
        return agent is not None and agent.process.runs

    async def remove(self, room: str, identity: str) -> None:
        def remove() -> None:
            if (agent := self._agent(room, identity)) is not None:
                self.leave(agent)
                agent.process.tell(agent.ended)

        await self._answer("remove", remove)

    async def dispatches(self, room: str) -> Sequence[Dispatch]:
        def dispatches() -> Sequence[Dispatch]:
            there = self.rooms_by_name.get(room)
            return [] if there is None else [one.told() for one in there.sent]

        return await self._answer("dispatches", dispatches)

    async def dispatch(self, room: str) -> None:
        await self._answer("dispatch", lambda: self.begin_dispatch(self._room(room)))

    async def delete(self, room: str, dispatch: Dispatch) -> None:
        def delete() -> None:
            there = self.rooms_by_name.get(room)
            for one in [] if there is None else [one for one in there.sent if one.id == dispatch.id]:
                there.sent.remove(one)
                if one.job is not None:
                    one.job.shut_down()

        await self._answer("delete", delete)

    def _agent(self, room: str, identity: str) -> Agent | None:
        there = self.rooms_by_name.get(room)
        return None if there is None else there.agents.get(identity)

    async def _answer(self, name: str, what: Callable[[], T]) -> T:
        await running()
        self.requests[name] += 1
        await asyncio.sleep(LATENCY_SECONDS)
        await running()
        if self.is_away:
            raise FleetError("it cannot be reached")
        return what()


def _now() -> float:
    return asyncio.get_running_loop().time()
