"""Sends and receives Azure Speech messages over WebSockets."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import WSMsgType, web

from .wire import Message, WireError, parse_binary, parse_text

_CLOSE_FRAME = b"\x88"
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)

logger = logging.getLogger(__name__)


class Tap:
    """Sees every message of a speech connection as it passes; for recording and measuring."""

    def received(self, message: Message) -> None:
        """The client sent it."""

    def sending(self, message: Message) -> Message | Sequence[Message]:
        """It is sent now. The returned messages replace it: one, several, or none."""
        return message

    def unknown(self, what: str) -> None:
        """A client sent what the emulator does nothing about: the name of a message, or of a part of
        `speech.context`. Each name comes once."""


async def send(websocket: web.WebSocketResponse, message: Message, binary: bool) -> None:
    if binary:
        await websocket.send_bytes(message.to_binary())
    else:
        await websocket.send_str(message.to_text())


async def send_tapped(tap: Tap, websocket: web.WebSocketResponse, message: Message, binary: bool) -> None:
    """Send what the tap returns for a message."""
    returned = tap.sending(message)
    for one in [returned] if isinstance(returned, Message) else returned:
        # Of the messages that a tap returns instead, only those of a voice are binary.
        await send(websocket, one, binary if one.path == message.path else one.path == "audio")


async def until_closed(websocket: web.WebSocketResponse, take: Callable[[Message], Awaitable[None]]) -> None:
    """Take the client's messages; one that is not a message of Azure Speech closes the connection."""
    try:
        async for frame in websocket:
            if frame.type is WSMsgType.TEXT:
                await take(parse_text(frame.data))
            elif frame.type is WSMsgType.BINARY:
                await take(parse_binary(frame.data))
    except WireError as error:
        logger.warning("a client sent something that is not a message of Azure Speech: %s", error)
        await websocket.close(code=1007, message=str(error).encode())
    except ConnectionError:
        logger.debug("the client went away")


def hang_up(transport: asyncio.Transport | None, code: int | None, reason: str = "") -> None:
    """Close with a WebSocket close code and its reason, or reset. The caller must still read from it."""
    if code is None:
        reset(transport)
    elif transport is not None and not transport.is_closing():
        # aiohttp's close() would end the connection at once. If audio of the client is unread, that end
        # overtakes the code. The client leaves when it has read the code.
        payload = struct.pack(">H", code) + reason.encode()
        transport.write(_CLOSE_FRAME + bytes([len(payload)]) + payload)


def reset(transport: asyncio.Transport | None) -> None:
    """End a connection as a crash does, without a goodbye."""
    if transport is not None and not transport.is_closing():
        peer: socket.socket = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()


async def for_ever() -> None:
    """Wait until the client leaves or the emulator is closed, which cancels it."""
    await asyncio.Event().wait()
