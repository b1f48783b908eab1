"""Text to speech: what the emulator answers at which path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from ..behaviour import Behaviour
from ..faults.schedule import FaultSchedule
from ..transport.channel import Channel
from .connection import SynthesisConnection
from .over_http import SynthesisOverHttp
from .speech import Synthesized

_PREFIXES = ("", "/tts")
"""Azure's own hosts have none; resources with a name of their own have the second."""
_WEBSOCKETS = ("/cognitiveservices/websocket/v1", "/cognitiveservices/websocket/v2")
_HTTP = "/cognitiveservices/v1"
_VOICES = "/cognitiveservices/voices/list"
_DEPLOYMENT = "deploymentId"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SynthesisService:
    """Text to speech over WebSockets and over HTTP.

    Args:
        behaviour: How long a voice is, and how it is sent.
        lets_in: Whether to accept a client.
        accept: Completes the handshake of a WebSocket.
        synthesized: Called with each voice that was sent completely.
        faults: The faults that happen with texts over a WebSocket.

    Attributes:
        connections: How many WebSockets were opened.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        lets_in: Callable[[web.Request], bool],
        accept: Callable[[web.Request], Awaitable[Channel]],
        synthesized: Callable[[Synthesized], None],
        faults: FaultSchedule | None = None,
    ) -> None:
        self._behaviour = behaviour
        self._lets_in = lets_in
        self._accept = accept
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
        channel = await self._accept(request)
        answers = SynthesisConnection(
            self._behaviour,
            channel.send,
            channel.end,
            self._synthesized,
            any_voice=_DEPLOYMENT in request.query,
            faults=self._faults,
        )
        await channel.serve(answers.take)
        return channel.response
