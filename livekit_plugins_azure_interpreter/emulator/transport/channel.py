"""One client's WebSocket: messages of Azure Speech in and out, within bounds, and watched."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager

from aiohttp import WSMsgType, web

from ..watching.happenings import Connected, Disconnected, Received, Sent, Watch
from .sockets import cut, hang_up
from .wire import Message, WireError, parse_binary, parse_text

MOST_MESSAGE_BYTES = 1 << 20
"""A larger message is refused (close code 1009)."""
MOST_IDLE_SECONDS = 300.0
"""After so long without a message of the client the connection ends."""
MOST_SENDING_SECONDS = 30.0
"""A client that reads nothing for so long is reset."""
_SUBPROTOCOLS = ("USP",)
_INVALID = 1007
_GONE_IDLE = 1000

logger = logging.getLogger(__name__)


class Tap:
    """Sees every message of a speech connection as it passes, and may change it."""

    def received(self, message: Message) -> None:
        """The client sent it."""

    def sending(self, message: Message) -> Message | Sequence[Message]:
        """It is sent now. The returned messages replace it: one, several, or none."""
        return message


class Channel:
    """A WebSocket, after its handshake.

    Args:
        websocket: The WebSocket.
        transport: Its transport.
        number: Which of the emulator's connections it is, from 1.
        tap: Sees every message.
        watch: Is told what happens.
    """

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        *,
        number: int = 1,
        tap: Tap | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._websocket = websocket
        self._transport = transport
        self._number = number
        self._tap = tap or Tap()
        self._watch = watch or Watch()
        self._hung_up: tuple[int | None, str] | None = None

    @classmethod
    async def accept(cls, request: web.Request, *, number: int, tap: Tap, watch: Watch) -> Channel:
        """Complete a client's handshake.

        Raises:
            web.HTTPBadRequest: It speaks none of Azure's subprotocols.
            ConnectionResetError: It went away meanwhile.
        """
        offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if any(offered) and not set(offered) & set(_SUBPROTOCOLS):
            raise web.HTTPBadRequest(text=f"the subprotocol is {' or '.join(_SUBPROTOCOLS)}, or none")
        websocket = web.WebSocketResponse(
            protocols=_SUBPROTOCOLS, max_msg_size=MOST_MESSAGE_BYTES, compress=False
        )
        await websocket.prepare(request)
        watch(Connected(connection=number, path=request.path, client=request.headers.get("User-Agent", "")))
        return cls(websocket, request.transport, number=number, tap=tap, watch=watch)

    @property
    def response(self) -> web.WebSocketResponse:
        """What the handler of the request returns."""
        return self._websocket

    async def serve(self, take: Callable[[Message], Awaitable[None]]) -> None:
        """Take the client's messages until it leaves; anything but a message of Azure Speech ends it."""
        try:
            while (frame := await self._websocket.receive(MOST_IDLE_SECONDS)).type in (
                WSMsgType.TEXT,
                WSMsgType.BINARY,
            ):
                text = frame.type is WSMsgType.TEXT
                message = parse_text(frame.data) if text else parse_binary(frame.data)
                self._tap.received(message)
                self._watch(Received(connection=self._number, message=message))
                await take(message)
        except WireError as error:
            logger.warning("a client sent something that is not a message of Azure Speech: %s", error)
            await self.end(_INVALID, str(error))
        except asyncio.TimeoutError:
            await self.end(_GONE_IDLE, f"no message for {MOST_IDLE_SECONDS:.0f} s")
        except ConnectionError:
            logger.debug("the client went away")
        finally:
            self._watch(self._disconnected())

    async def send(self, message: Message, binary: bool) -> None:
        """Send what the tap returns for a message."""
        returned = self._tap.sending(message)
        for one in [returned] if isinstance(returned, Message) else returned:
            # Of the messages that a tap returns instead, only those of a voice are binary.
            await self._send(one, binary if one.path == message.path else one.path == "audio")

    async def send_garbage(self, frame: bytes) -> None:
        """Send a binary frame as it is."""
        with self._within_limits():
            await self._websocket.send_bytes(frame)

    def hang_up(self, code: int | None, reason: str = "") -> None:
        """Close with a WebSocket close code and its reason, or reset. The rest is read, but not taken."""
        self._hung_up = code, reason
        hang_up(self._transport, code, reason)

    async def _send(self, message: Message, binary: bool) -> None:
        self._watch(Sent(connection=self._number, message=message, binary=binary))
        with self._within_limits():
            if binary:
                await self._websocket.send_bytes(message.to_binary())
            else:
                await self._websocket.send_str(message.to_text())

    def _disconnected(self) -> Disconnected:
        if self._hung_up is None:
            return Disconnected(connection=self._number, code=self._websocket.close_code, by_client=True)
        code, reason = self._hung_up
        return Disconnected(connection=self._number, code=code, reason=reason)

    @contextmanager
    def _within_limits(self) -> Generator[None]:
        # Not wait_for: it costs a task for each message.
        timer = asyncio.get_running_loop().call_later(MOST_SENDING_SECONDS, self._give_up)
        try:
            yield
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self.hang_up(None, f"the client read nothing for {MOST_SENDING_SECONDS:.0f} s")

    async def end(self, code: int | None, reason: str = "") -> None:
        """Close from within what `serve` calls, and wait until the client has left; or (None) reset."""
        if code is None:
            self.hang_up(None)
            return
        self._hung_up = code, reason
        await self._websocket.close(code=code, message=cut(reason))
