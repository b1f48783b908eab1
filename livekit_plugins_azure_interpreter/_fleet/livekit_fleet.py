"""Implements the port of `fleet.py` on a LiveKit server's API."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from typing import Literal, TypeVar

import aiohttp
from livekit import api
from livekit.api.twirp_client import TwirpClient

from .._within import within
from ..log import logger
from .fleet import FleetError
from .watch import Dispatch, Person

ALIVE_METHOD = "interpreter.alive"
"""An interpreter answers this call. A client that does not know it says so at once, so it answers, too."""
_LEAVING = "leaving"
_ANSWER_SECONDS = 1.0
_CALL_SECONDS = 1.5
"""Of a participant that has just left, LiveKit's server says only after 3 s that it does not answer."""
_REQUEST_SECONDS = 5.0
_COUNT_SECONDS = 10.0
"""LiveKit's server counts the people of a room every 5 s: a new one seems empty."""
_NANOSECONDS = 1e9
_MILLISECONDS = 1e3
_SILENT = (
    api.TwirpErrorCode.CANCELED,
    api.TwirpErrorCode.DEADLINE_EXCEEDED,
    api.TwirpErrorCode.NOT_FOUND,
    api.TwirpErrorCode.UNAVAILABLE,  # no node of LiveKit's has this participant
)
_UNKNOWN_REQUEST = (api.TwirpErrorCode.BAD_ROUTE, api.TwirpErrorCode.UNIMPLEMENTED)
_PEOPLE = (api.ParticipantInfo.Kind.STANDARD, api.ParticipantInfo.Kind.SIP)
_RUNNING = (api.JobStatus.JS_PENDING, api.JobStatus.JS_RUNNING)

T = TypeVar("T")
Role = Literal["person", "agent", "other"]


class LiveKitFleet:
    """A LiveKit server, seen by those who may administrate its rooms.

    Args:
        url: Its address.
        key: Its API key.
        secret: Its API secret.
        agent_name: The name under which the interpreter's workers register.
        session: Makes the requests.
    """

    def __init__(
        self, url: str, key: str, secret: str, *, agent_name: str, session: aiohttp.ClientSession
    ) -> None:
        self._key, self._secret, self._agent_name = key, secret, agent_name
        self._livekit = api.LiveKitAPI(url, key, secret, session=session, failover=False)
        # The API has no method for this request yet.
        self._calls = TwirpClient(session, url, "livekit", failover=False)
        self._has_calls = True

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, url: str, key: str, secret: str, *, agent_name: str) -> AsyncGenerator[LiveKitFleet]:
        """One with connections of its own."""
        async with aiohttp.ClientSession() as session:
            yield cls(url, key, secret, agent_name=agent_name, session=session)

    async def rooms(self) -> Mapping[str, str]:
        """See `Fleet`."""
        answer = await _asked(self._livekit.room.list_rooms(api.ListRoomsRequest()))
        new = time.time() - _COUNT_SECONDS
        return {
            room.name: room.sid for room in answer.rooms if room.num_participants or room.creation_time > new
        }

    async def people(self, room: str) -> Sequence[Person]:
        """See `Fleet`."""
        answer = await _asked(self._livekit.room.list_participants(api.ListParticipantsRequest(room=room)))
        return [_person(one) for one in answer.participants]

    async def answers(self, room: str, identity: str) -> bool:
        """See `Fleet`. LiveKit itself drops a participant only some 20 s after its process has died."""
        if not self._has_calls:
            return True
        call = api.PerformRpcRequest(
            room=room,
            destination_identity=identity,
            method=ALIVE_METHOD,
            response_timeout_ms=round(_ANSWER_SECONDS * _MILLISECONDS),
        )
        try:
            return (await _asked(self._call(call), seconds=_CALL_SECONDS)).payload != _LEAVING
        except _TooLateError:
            return False
        except _ServerRefusesError as refused:
            if refused.code in _SILENT:
                return False
            if refused.code in _UNKNOWN_REQUEST:
                self._has_calls = False
                logger.warning(
                    "LiveKit's server cannot ask interpreters whether they live: it is older than 1.10. One "
                    "that has died or hangs is replaced when LiveKit drops it, some 20 s later"
                )
            elif refused.code != api.TwirpErrorCode.INVALID_ARGUMENT:  # it answers that it has no such method
                raise
        return True

    async def remove(self, room: str, identity: str) -> None:
        """See `Fleet`."""
        who = api.RoomParticipantIdentity(room=room, identity=identity)
        await _asked_if_there(self._livekit.room.remove_participant(who))

    async def dispatches(self, room: str) -> Sequence[Dispatch]:
        """See `Fleet`."""
        found = await _asked_if_there(self._livekit.agent_dispatch.list_dispatch(room)) or ()
        return [_dispatch(one) for one in found if one.agent_name == self._agent_name]

    async def dispatch(self, room: str) -> None:
        """See `Fleet`."""
        request = api.CreateAgentDispatchRequest(agent_name=self._agent_name, room=room)
        await _asked(self._livekit.agent_dispatch.create_dispatch(request))

    async def delete(self, room: str, dispatch: Dispatch) -> None:
        """See `Fleet`."""
        await _asked_if_there(self._livekit.agent_dispatch.delete_dispatch(dispatch.id, room))

    async def _call(self, call: api.PerformRpcRequest) -> api.PerformRpcResponse:
        grants = api.VideoGrants(room_admin=True, room=call.room)
        token = api.AccessToken(self._key, self._secret).with_grants(grants).to_jwt()
        headers = {"Authorization": f"Bearer {token}"}
        return await self._calls.request("RoomService", "PerformRpc", call, headers, api.PerformRpcResponse)


class _ServerRefusesError(FleetError):
    """LiveKit's server has answered with an error; `code` is Twirp's."""

    def __init__(self, error: api.TwirpError) -> None:
        super().__init__(f"the server answers {error.status} ({error.code})")
        self.code = error.code


class _TooLateError(FleetError):
    """LiveKit's server has not answered in time."""


async def _asked(request: Awaitable[T], *, seconds: float | None = None) -> T:
    """The answer to a request; errors of LiveKit's API become ours."""
    limit_seconds = _REQUEST_SECONDS if seconds is None else seconds
    try:
        # The limit of the session does not hold: the API asks without one.
        return await within(request, limit_seconds)
    except api.TwirpError as error:
        raise _ServerRefusesError(error) from error
    except asyncio.TimeoutError as error:
        raise _TooLateError(f"the server gives no answer for {limit_seconds:g} s") from error
    except aiohttp.ClientError as error:
        raise FleetError(f"the server cannot be reached ({type(error).__name__})") from error


async def _asked_if_there(request: Awaitable[T]) -> T | None:
    """The same; None if what it is about is gone."""
    try:
        return await _asked(request)
    except _ServerRefusesError as refused:
        if refused.code != api.TwirpErrorCode.NOT_FOUND:
            raise
        return None


def _person(info: api.ParticipantInfo) -> Person:
    joined_at = info.joined_at_ms / _MILLISECONDS if info.joined_at_ms else float(info.joined_at)
    role: Role = "other"
    if info.kind == api.ParticipantInfo.Kind.AGENT:
        role = "agent"
    elif info.kind in _PEOPLE:
        role = "person"
    return Person(info.identity, dict(info.attributes), role, joined_at)


def _dispatch(dispatch: api.AgentDispatch) -> Dispatch:
    """LiveKit asks again after a worker that failed: each try is a job."""
    jobs = dispatch.state.jobs
    sent_at = max([dispatch.state.created_at, *(job.state.started_at for job in jobs)]) / _NANOSECONDS
    return Dispatch(dispatch.id, sent_at, any(job.state.status in _RUNNING for job in jobs))
