"""Whether a room needs an interpreter, and who is in it: what the LiveKit server says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

import aiohttp
from livekit import api

from .refusals import Refusal
from .tokens import AGENT_NAME, Guest

_ON_ITS_WAY_SECONDS = 30.0
"""An interpreter needs so long at most, on a busy machine, from its dispatch until it is ready."""
_NANOSECONDS = 1e9
_ANSWER_SECONDS = 10.0


class Rooms(Protocol):
    """What the endpoint asks the LiveKit server."""

    async def check_presence(self, guest: Guest) -> None:
        """Make sure that somebody is in the room.

        Raises:
            Refusal: They are not, or LiveKit does not answer.
        """
        ...

    async def bring_interpreter(self, room_name: str, *, now: float) -> bool:
        """Send an interpreter to a room, unless one is there or on its way. Whether one was sent.

        Raises:
            Refusal: LiveKit does not answer.
        """
        ...


class LiveKitRooms:
    """The rooms of a LiveKit server.

    Args:
        livekit: The server's API.
    """

    def __init__(self, livekit: api.LiveKitAPI) -> None:
        self._livekit = livekit
        self._one_at_a_time = asyncio.Lock()

    async def check_presence(self, guest: Guest) -> None:
        """Make sure that somebody is in the room."""
        try:
            people = await self._people(guest.room_name)
        except (api.TwirpError, aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise _unreachable() from error
        if guest.identity not in {person.identity for person in people}:
            raise Refusal("You are not in the meeting: join first", code="not_in_room", status=409)

    async def bring_interpreter(self, room_name: str, *, now: float) -> bool:
        """Send an interpreter to a room, unless one is there or on its way."""
        # Several pages ask at the same time.
        async with self._one_at_a_time:
            try:
                return await self._bring_interpreter(room_name, now)
            except (api.TwirpError, aiohttp.ClientError, asyncio.TimeoutError) as error:
                raise _unreachable() from error

    async def _bring_interpreter(self, room_name: str, now: float) -> bool:
        dispatches = self._livekit.agent_dispatch
        sent = [one for one in await dispatches.list_dispatch(room_name) if one.agent_name == AGENT_NAME]
        if not is_interpreter_needed(await self._people(room_name), sent, now=now):
            return False
        for one in sent:  # its interpreter is gone, or hangs
            await dispatches.delete_dispatch(one.id, room_name)
        await dispatches.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name=AGENT_NAME, room=room_name)
        )
        return True

    async def _people(self, room_name: str) -> Iterable[api.ParticipantInfo]:
        answer = await self._livekit.room.list_participants(api.ListParticipantsRequest(room=room_name))
        return answer.participants


def is_interpreter_needed(
    people: Iterable[api.ParticipantInfo], sent: Iterable[api.AgentDispatch], *, now: float
) -> bool:
    """Whether a room has no interpreter, and none is on its way.

    A person's attributes are their own: only an agent is believed to be an interpreter.

    Args:
        people: Who is in the room.
        sent: The dispatches of interpreters to this room.
        now: The time, in seconds since 1970.
    """
    agents = [one for one in people if one.kind == api.ParticipantInfo.Kind.AGENT]
    if any(agent.attributes.get("interpreter") == "ready" for agent in agents):
        return False
    return all(now - _last_sent(one) > _ON_ITS_WAY_SECONDS for one in sent)


def _last_sent(dispatch: api.AgentDispatch) -> float:
    """When an interpreter was asked to come; LiveKit asks again after one that failed."""
    jobs = [job.state.started_at for job in dispatch.state.jobs]
    return max([dispatch.state.created_at, *jobs]) / _NANOSECONDS


def _unreachable() -> Refusal:
    return Refusal(
        "LiveKit does not answer: try again", code="livekit_unreachable", status=502, retry_seconds=5.0
    )
