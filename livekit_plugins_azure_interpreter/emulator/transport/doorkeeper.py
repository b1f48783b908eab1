"""Bounds how many connections there are, and how long one may take to ask for something."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from ..watching.happenings import Answered, Watch
from .sockets import reset

MOST_CONNECTIONS = 900
"""More are reset at once. Most systems allow a process 1,024 files."""
MOST_ASKING_SECONDS = 15.0
"""A connection that brings no whole request within this time is reset."""
MOST_BODY_SECONDS = 120.0
"""A request whose body is not whole within this time is reset: a minute of audio may be posted live."""
_CLIENT_CLOSED_REQUEST = 499

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger(__name__)


class Doorkeeper:
    """Lets clients in, as many as there is room for, and ends those that never ask for anything.

    Args:
        watch: Is told of each answer.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._asking: dict[web.RequestHandler, asyncio.TimerHandle] = {}

    def receive(self, app: web.Application) -> None:
        """See every request of an application, before all others."""
        app.middlewares.insert(0, self._let_through)

    def protocol(self, server: web.Server) -> asyncio.BaseProtocol:
        """The protocol of a connection that begins now."""
        if len(server.connections) >= MOST_CONNECTIONS:
            return _TurnedAway()
        protocol = server()
        self._expect_request(protocol)
        return protocol

    @web.middleware
    async def _let_through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._expect_nothing(request.protocol)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(MOST_BODY_SECONDS, self._end_if_unfinished, request)
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            self._answered(request, refusal.status)
            raise
        except ConnectionError:
            logger.debug("the client went away")
            return web.Response(status=_CLIENT_CLOSED_REQUEST)
        finally:
            timer.cancel()
            self._expect_request(request.protocol)
        if not isinstance(response, web.WebSocketResponse):
            self._answered(request, response.status)
        return response

    def _answered(self, request: web.Request, status: int) -> None:
        self._watch(Answered(method=request.method, path=request.path, status=status))

    def _expect_request(self, protocol: web.RequestHandler) -> None:
        loop = asyncio.get_running_loop()
        self._asking[protocol] = loop.call_later(MOST_ASKING_SECONDS, self._give_up, protocol)

    def _expect_nothing(self, protocol: web.RequestHandler) -> None:
        if (timer := self._asking.pop(protocol, None)) is not None:
            timer.cancel()

    def _end_if_unfinished(self, request: web.Request) -> None:
        if not request.content.at_eof():
            reset(request.transport)

    def _give_up(self, protocol: web.RequestHandler) -> None:
        del self._asking[protocol]
        reset(protocol.transport)


class _TurnedAway(asyncio.Protocol):
    """A connection for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        reset(transport)
