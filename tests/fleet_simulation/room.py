"""A room of the LiveKit server: who is in it, and its interpreters as `Rivals` sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from livekit import rtc

from livekit_plugins_azure_interpreter._fleet.watch import Dispatch, Person

from .processes import Process, running

LATENCY_SECONDS = 0.02


class Server(Protocol):
    """What an interpreter tells its server."""

    def changed(self, room: Room, *, but: Agent | None = None) -> None: ...


class Job(Protocol):
    """An interpreter's job."""

    process: Process

    def shut_down(self) -> None: ...


class Host(Protocol):
    """A worker."""

    process: Process
    is_draining: bool

    @property
    def free(self) -> int: ...

    def accept(self, room: str) -> Job: ...


class Sent:
    """A dispatch, and the job that it has brought."""

    def __init__(self, number: int, at: float) -> None:
        self.id, self.at = f"AD_{number}", at
        self.job: Job | None = None

    def told(self) -> Dispatch:
        return Dispatch(self.id, self.at, self.job is not None and not self.job.process.is_dead)


class Room:
    """A room; another one of the same name has another sid.

    Attributes:
        unanswered: How often a frozen worker was asked, since it has no interpreter.
    """

    def __init__(self, name: str, sid: str) -> None:
        self.name, self.sid = name, sid
        self.people: dict[str, Member] = {}
        self.agents: dict[str, Agent] = {}
        self.sent: list[Sent] = []
        self.unanswered = 0

    @property
    def is_served(self) -> bool:
        return any(one.serves for one in self.agents.values())


class Member:
    """Somebody in a room."""

    kind: Any = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD

    def __init__(self, identity: str, attributes: Mapping[str, str], at: float) -> None:
        self.identity, self.attributes, self.joined_at = identity, dict(attributes), at
        self.is_muted = True

    def told(self) -> Person:
        return Person(self.identity, self.attributes, "person", self.joined_at)


class Agent(Member):
    """An interpreter in a room: what is there of it, and its `rtc.Room` as far as `Rivals` knows it.

    Args:
        changed: Called in its process when somebody came, left, or changed.
        ended: Called in its process when it is out of the room for good.
    """

    kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT

    def __init__(
        self,
        livekit: Server,
        room: str,
        identity: str,
        process: Process,
        *,
        changed: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        super().__init__(identity, {}, asyncio.get_running_loop().time())
        self.process, self.name = process, room
        self.changed, self.ended = changed, ended
        self.room: Room | None = None
        self.handlers: dict[str, list[Callable[..., None]]] = {}
        self.hear: Callable[[Any], None] = lambda utterance: None
        self._livekit = livekit

    @property
    def serves(self) -> bool:
        return self.room is not None and self.process.runs and self.attributes.get("interpreter") == "ready"

    def told(self) -> Person:
        return Person(self.identity, self.attributes, "agent", self.joined_at)

    def tell(self, attributes: Mapping[str, str]) -> None:
        """Set attributes of it."""
        self.attributes.update(attributes)
        if self.room is not None:
            self._livekit.changed(self.room, but=self)

    @property
    def remote_participants(self) -> Mapping[str, Member]:
        others = {} if self.room is None else {**self.room.people, **self.room.agents}
        others.pop(self.identity, None)
        return others

    @property
    def local_participant(self) -> Agent:
        return self

    def register_rpc_method(self, name: str, handler: object) -> None:
        """It answers as long as its process runs."""

    def unregister_rpc_method(self, name: str) -> None:
        """It has left."""

    def on(self, event: str, handler: Callable[..., None]) -> None:
        self.handlers.setdefault(event, []).append(handler)

    def off(self, event: str, handler: Callable[..., None]) -> None:
        self.handlers[event].remove(handler)

    def isconnected(self) -> bool:
        return self.room is not None

    async def perform_rpc(self, *, destination_identity: str, **_: object) -> str:
        await running()
        await asyncio.sleep(LATENCY_SECONDS)
        await running()
        other = None if self.room is None else self.room.agents.get(destination_identity)
        if other is None or not other.process.runs:
            await asyncio.Event().wait()
        return "ready"

    def happened(self, event: str) -> None:
        for handler in self.handlers.get(event, ()):
            self.process.tell(handler)
