"""Text to speech: what the emulator answers at which path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from ..behaviour import Behaviour
from ..faults.schedule import FaultSchedule
from ..sockets import reset, send, until_closed
from .connection import SynthesisConnection
from .over_http import SynthesisOverHttp
from .speech import Synthesized

_PREFIXES = ("", "/tts")
"""Azure's own hosts have none; resources with a name of their own have the second."""
_WEBSOCKETS = ("/cognitiveservices/websocket/v1", "/cognitiveservices/websocket/v2")
_HTTP = "/cognitiveservices/v1"
_VOICES = "/cognitiveservices/voices/list"
_DEPLOYMENT = "deploymentId"
_LONGEST_REASON_BYTES = 123

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SynthesisService:
    """Text to speech over WebSockets and over HTTP.

    Args:
        behaviour: How long a voice is, and how it is sent.
        lets_in: Whether to accept a client.
        synthesized: Called with each voice that was sent completely.
        faults: The faults that happen with texts over a WebSocket.

    Attributes:
        connections: How many WebSockets were opened.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        lets_in: Callable[[web.Request], bool],
        synthesized: Callable[[Synthesized], None],
        faults: FaultSchedule | None = None,
    ) -> None:
        self._behaviour = behaviour
        self._lets_in = lets_in
        self._synthesized = synthesized
        self._faults = faults
        self._http = SynthesisOverHttp(behaviour, synthesized)
        self.connections = 0

    def receive(self, router: web.UrlDispatcher) -> None:
        """Answer at Azure's paths."""
        for prefix in _PREFIXES:
            for path in _WEBSOCKETS:
                router.add_get(prefix + path, self._guarded(self._connected))
            router.add_post(prefix + _HTTP, self._guarded(self._posted))
            router.add_get(prefix + _VOICES, self._guarded(self._http.list_voices))

    def _guarded(self, answer: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await answer(request) if self._lets_in(request) else web.Response(status=401)

        return handle

    async def _posted(self, request: web.Request) -> web.StreamResponse:
        return await self._http.speak(request, any_voice=_DEPLOYMENT in request.query)

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        websocket = web.WebSocketResponse(protocols=("USP",), max_msg_size=0)
        await websocket.prepare(request)

        async def hang_up(code: int | None, reason: str) -> None:
            if code is None:
                reset(request.transport)
            else:
                await websocket.close(code=code, message=_cut(reason))

        answers = SynthesisConnection(
            self._behaviour,
            partial(send, websocket),
            hang_up,
            self._synthesized,
            any_voice=_DEPLOYMENT in request.query,
            faults=self._faults,
        )
        await until_closed(websocket, answers.take)
        return websocket


def _cut(reason: str) -> bytes:
    """As much of a reason as fits into the close of a WebSocket, without half a letter at its end."""
    return reason.encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore").encode()
