"""The emulated service on a loopback port."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import struct
import time
from types import TracebackType

from aiohttp import web

from .conversation import Behaviour, Conversation, Spoken
from .faults import Away, BlackHole, Drop, Faults, HangHandshake, Mute, PositionFault, Refuse
from .sockets import send, until_closed
from .synthesis import SynthesisService, Synthesized
from .turn import Request, Turn
from .wire import Message, WireError

_HOST = "127.0.0.1"
_PATH = "/speech/universal/v2"
_ANY_SPEECH_PATH = "/{path:(stt/)?speech/.+}"
_SYNTHESIS_PATH = "/tts/cognitiveservices/websocket/v1"
_SYNTHESIS_HTTP_PATH = "/cognitiveservices/v1"
_TOKEN_PATH = "/sts/v1.0/issueToken"
_CLIENT_CLOSED_REQUEST = 499
_LONGEST_LIFE_CODE = 1000
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

logger = logging.getLogger(__name__)


class Tap:
    """Sees every message of a speech connection as it passes; for recording and measuring."""

    def received(self, message: Message) -> None:
        """The client sent it."""

    def sending(self, message: Message) -> Message:
        """It is sent now; what is returned is sent in its place."""
        return message


class Emulator:
    """An Azure Speech service (Live Interpreter) on loopback, for the real Azure SDK.

        async with Emulator(Behaviour(script=lines)) as emulator:
            stt = STT(target_languages="fr", speech_key="any", speech_endpoint=emulator.endpoint)

    Args:
        behaviour: What it understands, how it answers, and what goes wrong.
        port: Where it listens; 0 finds a free port.
        tap: Sees every message.

    Attributes:
        spoken: Every voice that was sent whole, in order, with its very samples.
        synthesized: Every text to speech that was sent whole.
        connections: How many WebSockets were opened.
        faults: What is still to go wrong.
        handshakes: How often a client tried to connect.
        turns: How many turns (Azure's request ids) were begun.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0, tap: Tap | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.tap = tap or Tap()
        self.spoken: list[Spoken] = []
        self.synthesized: list[Synthesized] = []
        self.connections = 0
        self.handshakes = 0
        self.turns = 0
        self.faults = Faults(self.behaviour.faults)
        self._tokens: dict[str, float] = {}
        self._port = port
        self._conversations: dict[str, Conversation] = {}
        self._open: set[_Connection] = set()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._returning: asyncio.Task[None] | None = None

    @property
    def endpoint(self) -> str:
        """What to give as `speech_endpoint` (AZURE_SPEECH_ENDPOINT)."""
        return f"ws://{_HOST}:{self._port}{_PATH}"

    @property
    def synthesis_endpoint(self) -> str:
        """What to give as endpoint to the SDK's SpeechSynthesizer."""
        return f"ws://{_HOST}:{self._port}{_SYNTHESIS_PATH}"

    @property
    def synthesis_url(self) -> str:
        """Text to speech over HTTP, as the official `livekit-plugins-azure` asks for it."""
        return f"http://{_HOST}:{self._port}{_SYNTHESIS_HTTP_PATH}"

    def issue_token(self) -> str:
        """A token (`speech_auth_token`) that is let in for `Behaviour.token_seconds`."""
        now = time.monotonic()
        self._tokens = {token: until for token, until in self._tokens.items() if until > now}
        token = secrets.token_urlsafe()
        self._tokens[token] = now + (self.behaviour.token_seconds or 0.0)
        return token

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The port is taken.
        """
        app = web.Application()
        app.router.add_get(_ANY_SPEECH_PATH, self._connected)
        app.router.add_post(_TOKEN_PATH, self._token_wanted)
        synthesis = SynthesisService(self.behaviour, self._lets_in, self.synthesized.append)
        app.router.add_get(_SYNTHESIS_PATH, synthesis.connected)
        app.router.add_post(_SYNTHESIS_HTTP_PATH, synthesis.posted)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        try:
            await self._listen()
        except OSError:
            await self.aclose()
            raise
        self._port = self._runner.addresses[0][1]

    async def aclose(self) -> None:
        """Drop all connections and stop listening."""
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.gather(self._returning, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Emulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, _HOST, self._port, reuse_address=True)
        await self._site.start()

    async def _token_wanted(self, request: web.Request) -> web.Response:
        if self.behaviour.token_seconds is None:
            return web.Response(status=404)
        if not self._knows_key(request):
            return web.Response(status=401)
        return web.Response(text=self.issue_token())

    def _knows_key(self, request: web.Request) -> bool:
        key = self.behaviour.key
        return key is None or request.headers.get("Ocp-Apim-Subscription-Key") == key

    def _lets_in(self, request: web.Request) -> bool:
        if self.behaviour.token_seconds is None:
            return self._knows_key(request)
        # An Entra ID token of a resource is "aad#RESOURCE#TOKEN".
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").rpartition("#")[2]
        return self._tokens.get(token, 0.0) > time.monotonic()

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        fault = self.faults.at_handshake(self.handshakes)
        if isinstance(fault, Refuse):
            return web.Response(status=fault.status)
        if isinstance(fault, HangHandshake):
            await _for_ever()
        if not self._lets_in(request):
            return web.Response(status=401, text="Access denied due to invalid credentials.")
        self.connections += 1
        websocket = web.WebSocketResponse(protocols=("USP",), max_msg_size=0)
        try:
            await websocket.prepare(request)
        except ConnectionResetError:
            logger.debug("the client went away while it connected")
            return web.Response(status=_CLIENT_CLOSED_REQUEST)
        session_id = request.headers.get("X-ConnectionId", "")
        conversation = self._conversations.setdefault(session_id, Conversation(self.behaviour, self.faults))
        connection = _Connection(self, request, websocket, conversation)
        self._open.add(connection)
        try:
            await connection.serve()
        finally:
            self._open.discard(connection)
        return websocket

    async def _begin(self, message: Message, connection: _Connection) -> Turn:
        self.turns += 1
        turn = Turn(
            Request.parse(message),
            connection.conversation,
            connection,
            self.spoken.append,
        )
        await turn.start()
        return turn

    def _go_away(self, seconds: float) -> None:
        self._returning = asyncio.create_task(self._be_away(seconds))

    async def _be_away(self, seconds: float) -> None:
        assert self._site is not None
        await self._site.stop()
        for connection in tuple(self._open):
            connection.drop(None)
        await asyncio.sleep(seconds)
        await self._listen()


class _Connection:
    """One WebSocket: its frames, and the turn that is under way."""

    def __init__(
        self,
        emulator: Emulator,
        request: web.Request,
        websocket: web.WebSocketResponse,
        conversation: Conversation,
    ) -> None:
        self._emulator = emulator
        self._transport = request.transport
        self._websocket = websocket
        self.conversation = conversation
        self._turns: list[Turn] = []
        self._position = 0.0
        self._muted = False
        self._closing: asyncio.Task[bool] | None = None

    async def serve(self) -> None:
        timer = self._end_of_life()
        try:
            await until_closed(self._websocket, self._take)
        finally:
            if timer is not None:
                timer.cancel()
            await asyncio.gather(*(turn.aclose() for turn in self._turns))

    async def send(self, message: Message, binary: bool) -> None:
        if not self._muted:
            await send(self._websocket, self._emulator.tap.sending(message), binary)

    async def send_garbage(self) -> None:
        if not self._muted:
            await self._websocket.send_bytes(b"\xff\xff no message")

    def drop(self, code: int | None) -> None:
        self._muted = True
        if code is not None:
            self._closing = asyncio.create_task(self._websocket.close(code=code))
        elif self._transport is not None:
            peer: socket.socket = self._transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()

    def _end_of_life(self) -> asyncio.TimerHandle | None:
        seconds = self._emulator.behaviour.connection_seconds
        if seconds is None:
            return None
        return asyncio.get_running_loop().call_later(seconds, self.drop, _LONGEST_LIFE_CODE)

    async def _take(self, message: Message) -> None:
        self._emulator.tap.received(message)
        if message.path == "audio":
            await self._audio(message)
        elif message.path == "speech.context":
            turn = await self._emulator._begin(message, self)
            self._position = max(self._position, turn.now)
            self._turns = [*self._turns[-1:], turn]
        elif message.path == "event" and message.json().get("name") == "updateLanguage" and self._turns:
            languages = message.json().get("to")
            if not isinstance(languages, list):
                raise WireError("updateLanguage needs a list of languages")
            self._turns[-1].retarget(tuple(languages))

    async def _audio(self, message: Message) -> None:
        if not self._turns:
            return
        turn = self._turns[-1]
        await turn.hear(message.body)
        for fault in self._emulator.faults.at_position(self._position, turn.now):
            await self._happen(fault)
        self._position = max(self._position, turn.now)

    async def _happen(self, fault: PositionFault) -> None:
        if isinstance(fault, Drop):
            self.drop(fault.code)
        elif isinstance(fault, Away):
            self._emulator._go_away(fault.seconds)
        elif isinstance(fault, Mute):
            self._muted = True
        elif isinstance(fault, BlackHole):
            self._muted = True
            await _for_ever()


async def _for_ever() -> None:
    """Until the emulator is closed, which cancels it."""
    await asyncio.Event().wait()
