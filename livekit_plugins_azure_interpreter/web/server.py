"""The page and the token endpoint, as an application of aiohttp."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from .admission import Admission, Admitted, Visitor
from .invites import Invites
from .join_request import JoinRequest
from .refusals import Refusal
from .security_headers import security_headers
from .tokens import Tokens

PAGE = Path(__file__).parent / "page"
_MOST_BYTES = 16 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, repr=False)
class LiveKit:
    """A LiveKit server, and the key with which people are let in."""

    url: str
    key: str
    secret: str


@dataclass(frozen=True)
class Meeting:
    """What is offered.

    Args:
        room_name: The room of the meeting; None if each invite, or the admission, names a room.
        invites: Whether people in a meeting may invite others.
        is_emulated: Whether an emulator stands in for Azure, so that nothing is translated.
    """

    room_name: str | None = "meeting"
    invites: bool = True
    is_emulated: bool = False


def create_app(livekit: LiveKit, admission: Admission, meeting: Meeting = Meeting()) -> web.Application:
    """The page and the endpoint; run it, or mount it in an application of your own (`add_subapp`)."""
    app = web.Application(client_max_size=_MOST_BYTES, middlewares=[_answer_refusals])
    headers = security_headers(livekit.url)

    async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)
        response.headers.setdefault("Cache-Control", "no-cache")

    app.on_response_prepare.append(add_headers)
    endpoint = _Endpoint(livekit, admission, meeting)
    app.router.add_get("/", _index)
    app.router.add_static("/page", PAGE)
    app.router.add_get("/api/meeting", endpoint.meeting)
    app.router.add_post("/api/token", endpoint.token)
    return app


async def _index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html")


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return web.json_response({"error": refusal.message, "code": refusal.code}, status=refusal.status)


class _Endpoint:
    def __init__(self, livekit: LiveKit, admission: Admission, meeting: Meeting) -> None:
        self._livekit, self._admission, self._meeting = livekit, admission, meeting
        self._tokens = Tokens(livekit.key, livekit.secret)
        self._invites = Invites(livekit.secret)

    async def meeting(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "room_name": self._meeting.room_name,
                "needs": self._admission.needs,
                "sign_in_url": self._admission.sign_in_url,
                "is_emulated": self._meeting.is_emulated,
                "invites": self._meeting.invites,
            }
        )

    async def token(self, request: web.Request) -> web.Response:
        asked = JoinRequest.read(await _json(request))
        admitted = await self._admit(request, asked)
        room_name = admitted.room_name or self._meeting.room_name
        if not room_name or asked.room_name not in ("", room_name):
            raise Refusal("You may not join this room", code="room_refused")
        identity = self._identity(request, room_name)
        if asked.identity not in ("", identity):
            raise Refusal("The server chooses the identity: leave it out", code="identity_refused")
        name = admitted.name or asked.name
        token = self._tokens.make(room_name, identity=identity, name=name, attributes=asked.attributes)
        return web.json_response(
            {
                "server_url": self._livekit.url,
                "participant_token": token,
                "room_name": room_name,
                "participant_name": name,
            },
            status=201,
        )

    async def _admit(self, request: web.Request, asked: JoinRequest) -> Admitted:
        credential = _bearer(request)
        if room_name := self._invites.read(credential, now=time.time()):
            return Admitted(room_name)
        return await self._admission.admit(Visitor(credential, request.headers, asked.room_name))

    def _identity(self, request: web.Request, room_name: str) -> str:
        """The identity of somebody who comes back to the room; "" for anyone else."""
        try:
            guest = self._tokens.read(request.headers.get("X-Participant-Token", ""))
        except Refusal:
            return ""
        return guest.identity if guest.room_name == room_name else ""


def _bearer(request: web.Request) -> str:
    kind, _, credential = request.headers.get("Authorization", "").partition(" ")
    return credential.strip() if kind.lower() == "bearer" else ""


async def _json(request: web.Request) -> object:
    if request.content_type != "application/json":
        raise Refusal("Send application/json", code="malformed", status=415)
    try:
        body: object = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise Refusal("The request is no JSON", code="malformed", status=400) from error
    return body
