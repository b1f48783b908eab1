"""The page and the endpoint, as an application of aiohttp."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .._fleet.dispatcher import Dispatcher
from .._fleet.livekit_fleet import LiveKitFleet
from .._fleet.watch import Wanted
from .admission import Admission
from .endpoint import Endpoint, LiveKit, Meeting
from .interpreters import LiveKitRooms, Rooms
from .qr_code import qr_svg
from .reach import Reach
from .refusals import Refusal
from .security_headers import security_headers
from .tokens import AGENT_NAME

PAGE = Path(__file__).parent / "page"
_MOST_BYTES = 16 * 1024
_SECONDS_OF_A_PERMISSION = "600"
_HEADERS_OF_CLIENTS = "Authorization, Content-Type, X-Participant-Token"


def create_app(
    livekit: LiveKit,
    admission: Admission,
    *,
    meeting: Meeting | None = None,
    reach: Reach | None = None,
    now: Callable[[], float] = time.time,
) -> web.Application:
    """The page and the endpoint. Run it, or mount it in an application of yours with `add_subapp`.

    Args:
        livekit: The LiveKit server.
        admission: Decides who may join.
        meeting: What is offered; one room, "meeting", if not given.
        reach: How browsers get here; on loopback, if not given.
        now: The time, in seconds since 1970.

    Raises:
        ValueError: The address of the LiveKit server is none.
        ImportError: People may invite others, and the extra "web" is not installed.
    """
    meeting, reach = meeting or Meeting(), reach or Reach()
    if meeting.invites:
        qr_svg("")  # not first when somebody wants one
    app = web.Application(client_max_size=_MOST_BYTES, middlewares=[_answer_refusals, _check(reach)])
    rooms = web.AppKey("rooms", Rooms)

    async def connect(app: web.Application) -> AsyncIterator[None]:
        access = livekit.url, livekit.key, livekit.secret
        async with LiveKitFleet.open(*access, agent_name=AGENT_NAME) as fleet:
            # A guest in the room asks, so one is wanted.
            wanted = Wanted(frozenset(), everybody=True)
            app[rooms] = LiveKitRooms(fleet, Dispatcher(fleet, agent_name=AGENT_NAME, wanted=wanted, now=now))
            yield

    app.cleanup_ctx.append(connect)
    app.on_response_prepare.append(_add_headers(livekit, reach))
    endpoint = Endpoint(livekit, admission, meeting, reach, rooms=lambda: app[rooms], now=now)
    app.router.add_get("/", _index)
    app.router.add_static("/page", PAGE)
    app.router.add_get("/api/meeting", endpoint.meeting)
    for name in ("token", "invite", "interpreter"):
        app.router.add_post(f"/api/{name}", getattr(endpoint, name))
    return app


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html")


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        body = {"error": refusal.message, "code": refusal.code}
        response = web.json_response(body, status=refusal.status)
        if refusal.retry_seconds is not None:
            response.headers["Retry-After"] = str(math.ceil(refusal.retry_seconds))
        return response


def _check(reach: Reach) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        reach.check(request.host, origin)
        if request.method == "OPTIONS" and reach.shares_with(origin):
            return web.Response(status=204)
        return await handler(request)

    return check


def _add_headers(
    livekit: LiveKit, reach: Reach
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    always = security_headers(livekit.url)

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(always)
        # Files are asked for again when they changed; a token is kept nowhere.
        is_file = isinstance(response, web.FileResponse)
        response.headers["Cache-Control"] = "no-cache" if is_file else "no-store"
        origin = request.headers.get("Origin")
        if origin is None or not reach.shares_with(origin):
            return
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Headers"] = _HEADERS_OF_CLIENTS
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Max-Age"] = _SECONDS_OF_A_PERMISSION

    return add
