"""The emulated service on a loopback port."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType

from aiohttp import WSMsgType, web

from .conversation import Behaviour, Conversation, Spoken
from .turn import Request, Turn
from .wire import Message, WireError, parse_binary, parse_text

_HOST = "127.0.0.1"
_PATH = "/speech/universal/v2"
_CLIENT_CLOSED_REQUEST = 499

logger = logging.getLogger(__name__)


class Emulator:
    """An Azure Speech service (Live Interpreter) on loopback, for the real Azure SDK.

        async with Emulator(Behaviour(script=lines)) as emulator:
            stt = STT(target_languages="fr", speech_key="any", speech_endpoint=emulator.endpoint)

    Args:
        behaviour: What it understands, and how it answers.
        port: Where it listens; 0 finds a free port.

    Attributes:
        spoken: Every voice that was sent whole, in order, with its very samples.
        connections: How many WebSockets were opened.
        turns: How many turns (Azure's request ids) were begun.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0) -> None:
        self.behaviour = behaviour or Behaviour()
        self.spoken: list[Spoken] = []
        self.connections = 0
        self.turns = 0
        self._port = port
        self._conversations: dict[str, Conversation] = {}
        self._runner: web.AppRunner | None = None

    @property
    def endpoint(self) -> str:
        """What to give as `speech_endpoint` (AZURE_SPEECH_ENDPOINT)."""
        return f"ws://{_HOST}:{self._port}{_PATH}"

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The port is taken.
        """
        app = web.Application()
        app.router.add_get(_PATH, self._connected)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, self._port).start()
        except OSError:
            await self.aclose()
            raise
        self._port = self._runner.addresses[0][1]

    async def aclose(self) -> None:
        """Drop all connections and stop listening."""
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

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        key = self.behaviour.key
        if key is not None and request.headers.get("Ocp-Apim-Subscription-Key") != key:
            return web.Response(status=401, text="Access denied due to invalid subscription key.")
        self.connections += 1
        socket = web.WebSocketResponse(protocols=("USP",), max_msg_size=0)
        try:
            await socket.prepare(request)
        except ConnectionResetError:
            logger.debug("the client went away while it connected")
            return web.Response(status=_CLIENT_CLOSED_REQUEST)
        session_id = request.headers.get("X-ConnectionId", "")
        conversation = self._conversations.setdefault(session_id, Conversation(self.behaviour))
        await _Connection(self, socket, conversation).serve()
        return socket

    async def _begin(self, message: Message, connection: _Connection) -> Turn:
        self.turns += 1
        turn = Turn(
            Request.parse(message),
            connection.conversation,
            self.behaviour,
            connection.send,
            self.spoken.append,
        )
        await turn.start()
        return turn


class _Connection:
    """One WebSocket: its frames, and the turn that is under way."""

    def __init__(self, emulator: Emulator, socket: web.WebSocketResponse, conversation: Conversation) -> None:
        self._emulator = emulator
        self._socket = socket
        self.conversation = conversation
        self._turns: list[Turn] = []

    async def serve(self) -> None:
        try:
            async for frame in self._socket:
                if frame.type is WSMsgType.TEXT:
                    await self._text(parse_text(frame.data))
                elif frame.type is WSMsgType.BINARY:
                    await self._audio(parse_binary(frame.data))
        except WireError as error:
            logger.warning("a client sent what is no message of Azure Speech: %s", error)
            await self._socket.close(code=1007, message=str(error).encode())
        except ConnectionResetError:
            logger.debug("the client went away")
        finally:
            await asyncio.gather(*(turn.aclose() for turn in self._turns))

    async def send(self, message: Message, binary: bool) -> None:
        if binary:
            await self._socket.send_bytes(message.to_binary())
        else:
            await self._socket.send_str(message.to_text())

    async def _text(self, message: Message) -> None:
        if message.path == "speech.context":
            self._turns = [*self._turns[-1:], await self._emulator._begin(message, self)]
        elif message.path == "event" and message.json().get("name") == "updateLanguage" and self._turns:
            languages = message.json().get("to")
            if not isinstance(languages, list):
                raise WireError("updateLanguage needs a list of languages")
            self._turns[-1].targets = tuple(languages)

    async def _audio(self, message: Message) -> None:
        if message.path == "audio" and self._turns:
            await self._turns[-1].hear(message.body)
