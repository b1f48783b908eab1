"""The HTTP API of a LiveKit server, as far as the endpoint for tokens uses it."""

from __future__ import annotations

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
        dispatches: What was asked for, in each room.
        refuses: Whether it answers each request with an error.
        now: The time of a dispatch, in seconds since 1970.
    """

    def __init__(self) -> None:
        self.people: dict[str, list[api.ParticipantInfo]] = {}
        self.dispatches: dict[str, list[api.AgentDispatch]] = {}
        self.refuses = False
        self.now = 0.0
        self._number = 0
        app = web.Application()
        app.router.add_post("/twirp/livekit.RoomService/ListParticipants", self._list_participants)
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

    async def _list_participants(self, request: web.Request) -> web.Response:
        asked = api.ListParticipantsRequest.FromString(await request.read())
        return self._answer(api.ListParticipantsResponse(participants=self.people.get(asked.room, [])))

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
                (gone,) = (one for one in there if one.id == deleted.dispatch_id)
                there.remove(gone)
                return self._answer(gone)

    def _answer(self, message: Any) -> web.Response:
        if self.refuses:
            return web.json_response({"code": "internal", "msg": "no"}, status=500)
        return web.Response(body=message.SerializeToString(), content_type="application/protobuf")
