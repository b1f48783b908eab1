"""Speech to text over WebSockets: who connects, and the session that it belongs to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from ..behaviour import Behaviour
from ..faults import HangHandshake, Refuse
from ..faults.schedule import FaultSchedule
from ..recording.replay import Replay, ReplayedConnection
from ..spoken import Spoken
from ..transport.access import given
from ..transport.channel import Channel
from ..transport.sockets import for_ever
from .address import Address
from .capabilities import Unknown
from .connection import ClientConnection
from .conversation import Conversation

_ANY_SPEECH_PATH = "/{path:(stt/)?speech/.+}"
_SESSIONS_KEPT = 1000


class RecognitionService:
    """Answers clients that send speech.

    Args:
        behaviour: What is understood, and how it is answered.
        faults: The faults that happen.
        lets_in: Whether to accept a client.
        accept: Completes the handshake of a WebSocket.
        unknown: Tells what the emulator does nothing about.
        spoken: Called with each voice that was sent completely.
        go_away: Called with the seconds for which the whole service goes away.

    Attributes:
        handshakes: How often a client tried to connect.
        connections: How many WebSockets were opened.
        turns: How many turns (Azure's request ids) were begun.
        sessions: The latest sessions, by their ids (Azure's X-ConnectionId).
    """

    def __init__(
        self,
        behaviour: Behaviour,
        faults: FaultSchedule,
        *,
        lets_in: Callable[[web.Request], bool],
        accept: Callable[[web.Request], Awaitable[Channel]],
        unknown: Unknown,
        spoken: Callable[[Spoken], None],
        go_away: Callable[[float], None],
    ) -> None:
        self.handshakes = self.connections = self.turns = 0
        self.sessions: dict[str, Conversation] = {}
        self._behaviour = behaviour
        self._faults = faults
        self._replay = None if behaviour.replay is None else Replay(behaviour.replay)
        self._lets_in = lets_in
        self._accept = accept
        self._unknown = unknown
        self._spoken = spoken
        self._go_away = go_away
        self._open: set[ClientConnection] = set()

    def receive(self, router: web.UrlDispatcher) -> None:
        """Answer at Azure's paths."""
        router.add_get(_ANY_SPEECH_PATH, self._connected)

    def session(self, session_id: str) -> Conversation:
        """The session of an id."""
        if session_id not in self.sessions:
            self.sessions[session_id] = Conversation(self._behaviour, self._faults)
            if len(self.sessions) > _SESSIONS_KEPT:
                del self.sessions[next(iter(self.sessions))]
        return self.sessions[session_id]

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        fault = self._faults.at_handshake()
        if isinstance(fault, Refuse):
            return web.Response(status=fault.status)
        if isinstance(fault, HangHandshake):
            await for_ever()
        if not self._lets_in(request):
            return web.Response(status=401, text="Access denied due to invalid credentials.")
        session_id = given(request, "X-ConnectionId")
        recorded = None if self._replay is None else self._replay.connection(session_id)
        if recorded is not None and recorded.status is not None:
            return web.Response(status=recorded.status)
        self.connections += 1
        channel = await self._accept(request)
        if recorded is not None:
            await ReplayedConnection(channel, recorded, turn_began=self._turn_began).serve()
            return channel.response
        connection = ClientConnection(
            channel,
            self.session(session_id),
            address=Address.parse(request.path, request.query),
            unknown=self._unknown,
            turn_began=self._turn_began,
            spoken=self._spoken,
            go_away=self._leave,
        )
        self._open.add(connection)
        try:
            await connection.serve()
        finally:
            self._open.discard(connection)
        return channel.response

    def _turn_began(self) -> None:
        self.turns += 1

    def _leave(self, seconds: float) -> None:
        for connection in tuple(self._open):
            connection.drop(None)
        self._go_away(seconds)
