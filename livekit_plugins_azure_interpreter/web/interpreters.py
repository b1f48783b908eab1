"""Whether somebody is in a room, and an interpreter for it: what the LiveKit server is asked."""

from __future__ import annotations

from typing import Protocol

from .._fleet.dispatcher import Dispatcher
from .._fleet.fleet import Fleet, FleetError
from .refusals import Refusal
from .tokens import Guest


class Rooms(Protocol):
    """What the endpoint asks the LiveKit server."""

    async def check_presence(self, guest: Guest) -> None:
        """Make sure that somebody is in the room.

        Raises:
            Refusal: They are not, or LiveKit does not answer.
        """
        ...

    async def bring_interpreter(self, room_name: str) -> bool:
        """Send an interpreter to a room, unless one is there or on its way. Whether one was sent.

        Raises:
            Refusal: LiveKit does not answer.
        """
        ...


class LiveKitRooms:
    """The rooms of a LiveKit server.

    Args:
        fleet: The server.
        dispatcher: Brings interpreters.
    """

    def __init__(self, fleet: Fleet, dispatcher: Dispatcher) -> None:
        self._fleet, self._dispatcher = fleet, dispatcher

    async def check_presence(self, guest: Guest) -> None:
        """Make sure that somebody is in the room."""
        try:
            people = await self._fleet.people(guest.room_name)
        except FleetError as error:
            raise _unreachable() from error
        if guest.identity not in {person.identity for person in people}:
            raise Refusal("You are not in the meeting: join first", code="not_in_room", status=409)

    async def bring_interpreter(self, room_name: str) -> bool:
        """Send an interpreter to a room, unless one is there or on its way."""
        try:
            return await self._dispatcher.bring(room_name)
        except FleetError as error:
            raise _unreachable() from error


def _unreachable() -> Refusal:
    return Refusal(
        "LiveKit does not answer: try again", code="livekit_unreachable", status=502, retry_seconds=5.0
    )
