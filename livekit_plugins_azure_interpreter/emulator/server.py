"""The emulated service on a loopback port."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Collection, Sequence
from functools import partial
from types import TracebackType

from aiohttp import web

from .behaviour import Behaviour
from .faults import Fault, HangHandshake, Refuse
from .faults.schedule import FaultSchedule
from .recognition.address import Address
from .recognition.capabilities import Unknown
from .recognition.connection import ClientConnection
from .recognition.conversation import Conversation
from .recording.replay import Replay, ReplayedConnection
from .rest.service import SpeechToTextService
from .spoken import Spoken
from .synthesis.service import SynthesisService
from .synthesis.speech import Synthesized
from .transport.channel import Channel, Tap
from .transport.doorkeeper import Doorkeeper
from .transport.sockets import for_ever, reset
from .transport.visitors import Visitors
from .watching.happenings import Struck, Unserved, Watch, Watcher

_LOOPBACK = "127.0.0.1"
_EVERYWHERE = ("0.0.0.0", "::")
_PATH = "/speech/universal/v2"
_ANY_SPEECH_PATH = "/{path:(stt/)?speech/.+}"
_SYNTHESIS_PATH = "/tts/cognitiveservices/websocket/v1"
_SYNTHESIS_HTTP_PATH = "/cognitiveservices/v1"
_TOKEN_PATH = "/sts/v1.0/issueToken"
_PORT_POLL_SECONDS = 0.05
_SESSIONS_KEPT = 1000
_TOKENS_KEPT = 1000

logger = logging.getLogger(__name__)


class Emulator:
    """An Azure Speech service (Live Interpreter) on loopback, for the real Azure SDK. ::

        async with Emulator(Behaviour(script=lines)) as emulator:
            stt = STT(target_languages="fr", speech_key="any", speech_endpoint=emulator.endpoint)

    A client that only wants the words (the SDK's SpeechRecognizer) gets those, on the same endpoint.

    Args:
        behaviour: What it understands, how it answers, and its faults.
        port: The port on which it listens; 0 finds a free one.
        tap: Sees every message.
        origins: Web pages that are let in beside those of this machine, e.g. "https://example.com".
        hosts: Names under which clients may find it beside those of this machine.
        listen: The address on which it listens; "0.0.0.0": on all addresses of this machine. Clients
            elsewhere must find it under one of `hosts`.
        watchers: Are told what happens (`Happening`), on its event loop.
        kept_seconds: How much voice `spoken` and `synthesized` keep, each.

    Attributes:
        spoken: Every voice that was sent completely, in order, with its samples: the last `kept_seconds` of
            them, without those of a replay.
        synthesized: Every voice of a text that was sent completely: the last `kept_seconds` of them.
        handshakes: How often a client tried to connect.
        connections: How many WebSockets were opened.
        turns: How many turns (Azure's request ids) were begun.
        faults: The faults that will still happen.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        tap: Tap | None = None,
        origins: Collection[str] = (),
        hosts: Collection[str] = (),
        listen: str = _LOOPBACK,
        watchers: Sequence[Watcher] = (),
        kept_seconds: float = 3600.0,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self._visitors = Visitors(origins, hosts)
        self._watch = Watch(*watchers)
        self._doorkeeper = Doorkeeper(self._watch)
        self._kept_seconds = kept_seconds
        self.tap = tap or Tap()
        self._unknown = Unknown(self._unserved)
        self.spoken: list[Spoken] = []
        self.synthesized: list[Synthesized] = []
        self.handshakes = 0
        self.connections = 0
        self.turns = 0
        self.faults = FaultSchedule(self.behaviour.faults, struck=self._struck)
        exchange = self.behaviour.replay
        self._replay = None if exchange is None else Replay(exchange)
        self._synthesis = SynthesisService(
            self.behaviour, self._lets_in, self._accept, self._keep_synthesized, self.faults
        )
        self._rest = SpeechToTextService(self.behaviour, self._lets_in, self._conversation)
        self._tokens: dict[str, float] = {}
        self._listen_at = listen
        self._port = port
        self._conversations: dict[str, Conversation] = {}
        self._open: set[ClientConnection] = set()
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._channels = 0
        self._away: asyncio.Task[None] | None = None

    @property
    def endpoint(self) -> str:
        """The value for `speech_endpoint` (AZURE_SPEECH_ENDPOINT)."""
        return f"ws://{self._address}{_PATH}"

    @property
    def synthesis_connections(self) -> int:
        """How many WebSockets were opened for text to speech."""
        return self._synthesis.connections

    @property
    def synthesis_endpoint(self) -> str:
        """The endpoint for the SDK's SpeechSynthesizer; `PersonalVoiceTTS` finds it itself."""
        return f"ws://{self._address}{_SYNTHESIS_PATH}"

    @property
    def synthesis_url(self) -> str:
        """Text to speech over HTTP, as the official `livekit-plugins-azure` asks for it."""
        return f"http://{self._address}{_SYNTHESIS_HTTP_PATH}"

    @property
    def _address(self) -> str:
        host = _LOOPBACK if self._listen_at in _EVERYWHERE else self._listen_at
        return f"[{host}]:{self._port}" if ":" in host else f"{host}:{self._port}"

    def issue_token(self) -> str:
        """A token (`speech_auth_token`) that is valid for `Behaviour.token_seconds`; from any thread.

        `POST /sts/v1.0/issueToken` gives one to a client with the key, as Azure does.
        """
        now = time.monotonic()
        self._tokens = {token: until for token, until in self._tokens.items() if until > now}
        token = secrets.token_urlsafe()
        self._tokens[token] = now + (self.behaviour.token_seconds or math.inf)
        if len(self._tokens) > _TOKENS_KEPT:
            del self._tokens[next(iter(self._tokens))]
        return token

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The port is taken.
        """
        app = web.Application()
        self._doorkeeper.receive(app)
        self._visitors.receive(app)
        app.router.add_get(_ANY_SPEECH_PATH, self._connected)
        app.router.add_post(_TOKEN_PATH, self._token_wanted)
        self._synthesis.receive(app.router)
        self._rest.receive(app.router)
        # A handshake that hangs, or a connection that is not read from, ends with its client.
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        try:
            await self._listen()
        except OSError:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Drop all connections and stop listening."""
        if self._away is not None:
            self._away.cancel()
            await asyncio.gather(self._away, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            self._server = None
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
        assert self._runner.server is not None
        protocol = partial(self._doorkeeper.protocol, self._runner.server)
        self._server = await asyncio.get_running_loop().create_server(protocol, self._listen_at, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _token_wanted(self, request: web.Request) -> web.Response:
        if not self._knows_key(request):
            return web.Response(status=401)
        return web.Response(text=self.issue_token())

    def _knows_key(self, request: web.Request) -> bool:
        key = self.behaviour.key
        return key is None or _given(request, "Ocp-Apim-Subscription-Key") == key

    def _lets_in(self, request: web.Request) -> bool:
        if self.behaviour.token_seconds is None and self._knows_key(request):
            return True
        # An Entra ID token of a resource is "aad#RESOURCE#TOKEN".
        scheme, _, token = _given(request, "Authorization").rpartition(" ")
        token = token.rpartition("#")[2] if scheme.lower() == "bearer" else ""
        return self._tokens.get(token, 0.0) > time.monotonic()

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        fault = self.faults.at_handshake()
        if isinstance(fault, Refuse):
            return web.Response(status=fault.status)
        if isinstance(fault, HangHandshake):
            await for_ever()
        if not self._lets_in(request):
            return web.Response(status=401, text="Access denied due to invalid credentials.")
        session_id = _given(request, "X-ConnectionId")
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
            self._conversation(session_id),
            address=Address.parse(request.path, request.query),
            unknown=self._unknown,
            turn_began=self._turn_began,
            spoken=self._keep_spoken,
            go_away=self._go_away,
        )
        self._open.add(connection)
        try:
            await connection.serve()
        finally:
            self._open.discard(connection)
        return channel.response

    async def _accept(self, request: web.Request) -> Channel:
        self._channels += 1
        return await Channel.accept(request, number=self._channels, tap=self.tap, watch=self._watch)

    def _unserved(self, what: str) -> None:
        self._watch(Unserved(what=what))

    def _struck(self, fault: Fault) -> None:
        self._watch(Struck(fault=fault))

    def _conversation(self, session_id: str) -> Conversation:
        if session_id not in self._conversations:
            self._conversations[session_id] = Conversation(self.behaviour, self.faults)
            if len(self._conversations) > _SESSIONS_KEPT:
                del self._conversations[next(iter(self._conversations))]
        return self._conversations[session_id]

    def _turn_began(self) -> None:
        self.turns += 1

    def _keep_spoken(self, spoken: Spoken) -> None:
        self.spoken.append(spoken)
        self._keep_latest(self.spoken)

    def _keep_synthesized(self, synthesized: Synthesized) -> None:
        self.synthesized.append(synthesized)
        self._keep_latest(self.synthesized)

    def _keep_latest(self, voices: list[Spoken] | list[Synthesized]) -> None:
        seconds = sum(kept.voice.seconds for kept in voices)
        while seconds > self._kept_seconds:
            seconds -= voices.pop(0).voice.seconds

    def _go_away(self, seconds: float) -> None:
        if self._away is None or self._away.done():
            self._away = asyncio.create_task(self._be_away(seconds))

    async def _be_away(self, seconds: float) -> None:
        assert self._server is not None
        assert self._runner is not None
        assert self._runner.server is not None
        self._server.close()
        for connection in tuple(self._open):
            connection.drop(None)
        for handler in self._runner.server.connections:
            reset(handler.transport)
        await asyncio.sleep(seconds)
        while not await self._is_back():  # noqa: ASYNC110 - no event tells that a port is free
            await asyncio.sleep(_PORT_POLL_SECONDS)

    async def _is_back(self) -> bool:
        try:
            await self._listen()
        except OSError as error:
            # A client that connects from this port number occupies it for a moment.
            logger.debug("the port is taken: %s", error)
            return False
        return True


def _given(request: web.Request, name: str) -> str:
    """A header, or the parameter of that name: a browser cannot set the headers of a WebSocket."""
    return request.headers.get(name) or request.query.get(name, "")
