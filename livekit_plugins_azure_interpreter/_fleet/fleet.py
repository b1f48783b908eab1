"""The port: what is asked of a LiveKit server to keep rooms from being alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .watch import Dispatch, Person


class FleetError(Exception):
    """LiveKit's server does not answer, or refuses; the message says why."""


class Fleet(Protocol):
    """Each method is one request, and raises `FleetError`."""

    async def rooms(self) -> Mapping[str, str]:
        """The sids of the rooms with somebody in them, by name, and of new ones."""
        ...

    async def people(self, room: str) -> Sequence[Person]:
        """Who is in a room; nobody if there is no such room."""
        ...

    async def answers(self, room: str, identity: str) -> bool:
        """Whether a participant answers a call within a second."""
        ...

    async def remove(self, room: str, identity: str) -> None:
        """Take a participant out of a room, if it is there."""
        ...

    async def dispatches(self, room: str) -> Sequence[Dispatch]:
        """The interpreters that were asked to come to a room."""
        ...

    async def dispatch(self, room: str) -> None:
        """Ask an interpreter to come."""
        ...

    async def delete(self, room: str, dispatch: Dispatch) -> None:
        """Forget that one was asked, and end its job, if it has one."""
        ...
