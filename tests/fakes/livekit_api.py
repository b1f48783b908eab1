"""The HTTP API of a LiveKit server, as far as the endpoint for tokens and the watch of meetings use it."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api
from livekit.protocol import agent_dispatch

KEY, SECRET = "key", "a secret that is long enough for HS256"
_NANOSECONDS = 1e9


class FakeLiveKit:
    """A server on loopback.

    Attributes:
        people: Who is in each room.
        created_at: When rooms were created, in seconds since 1970; 0 if they are not here.
        dispatches: What was asked for, in each room.
        refuses: Whether it answers each request with an error.
        answers: Cleared, no request about a room is answered.
        payload: What participants answer to a call.
        calls: How a call to each participant fails, as Twirp's code; they answer if they are not here.
        now: The time of a dispatch, in seconds since 1970.
    """

    def __init__(self) -> None:
        self.people: dict[str, list[api.ParticipantInfo]] = {}
        self.created_at: dict[str, int] = {}
        self.dispatches: dict[str, list[api.AgentDispatch]] = {}
        self.refuses = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.payload = "ready"
        self.calls: dict[str, str] = {}
        self.now = 0.0
        self._number = 0
        app = web.Application()
        app.router.add_post("/twirp/livekit.RoomService/{name}", self._rooms)
        app.router.add_post("/twirp/livekit.AgentDispatchService/{name}", self._dispatches)
        self._server = TestServer(app)

    async def __aenter__(self) -> FakeLiveKit:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).replace("http", "ws", 1).rstrip("/")

    def join(self, room: str, identity: str, **info: Any) -> None:
        self.people.setdefault(room, []).append(api.ParticipantInfo(identity=identity, **info))

    async def _rooms(self, request: web.Request) -> web.Response:
        body = await request.read()
        await self.answers.wait()
        match request.match_info["name"]:
            case "ListRooms":
                rooms = [
                    api.Room(
                        name=name,
                        sid=f"RM_{name}",
                        num_participants=len(people),
                        creation_time=self.created_at.get(name, 0),
                    )
                    for name, people in self.people.items()
                ]
                return self._answer(api.ListRoomsResponse(rooms=rooms))
            case "ListParticipants":
                there = self.people.get(api.ListParticipantsRequest.FromString(body).room, [])
                return self._answer(api.ListParticipantsResponse(participants=there))
            case "PerformRpc":
                called = api.PerformRpcRequest.FromString(body).destination_identity
                code = self.calls.get(called)
                return (
                    self._answer(api.PerformRpcResponse(payload=self.payload))
                    if code is None
                    else _error(code)
                )
            case _:
                leaves = api.RoomParticipantIdentity.FromString(body)
                there = self.people.get(leaves.room, [])
                if leaves.identity not in {one.identity for one in there}:
                    return _error("not_found")
                self.people[leaves.room] = [one for one in there if one.identity != leaves.identity]
                return self._answer(api.RemoveParticipantResponse())

    async def _dispatches(self, request: web.Request) -> web.Response:
        body = await request.read()
        match request.match_info["name"]:
            case "ListDispatch":
                room = agent_dispatch.ListAgentDispatchRequest.FromString(body).room
                found = self.dispatches.get(room, [])
                return self._answer(agent_dispatch.ListAgentDispatchResponse(agent_dispatches=found))
            case "CreateDispatch":
                created = api.CreateAgentDispatchRequest.FromString(body)
                self._number += 1
                dispatch = api.AgentDispatch(
                    id=f"AD_{self._number}", agent_name=created.agent_name, room=created.room
                )
                dispatch.state.created_at = int(self.now * _NANOSECONDS)
                self.dispatches.setdefault(created.room, []).append(dispatch)
                return self._answer(dispatch)
            case _:
                deleted = agent_dispatch.DeleteAgentDispatchRequest.FromString(body)
                there = self.dispatches[deleted.room]
                gone = next((one for one in there if one.id == deleted.dispatch_id), None)
                if gone is None:
                    return _error("not_found")
                there.remove(gone)
                return self._answer(gone)

    def _answer(self, message: Any) -> web.Response:
        if self.refuses:
            return _error("internal")
        return web.Response(body=message.SerializeToString(), content_type="application/protobuf")


def _error(code: str) -> web.Response:
    return web.json_response({"code": code, "msg": "no"}, status=500)
