"""WebSockets that carry messages of Azure Speech."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from .wire import Message, WireError, parse_binary, parse_text

logger = logging.getLogger(__name__)


async def send(websocket: web.WebSocketResponse, message: Message, binary: bool) -> None:
    if binary:
        await websocket.send_bytes(message.to_binary())
    else:
        await websocket.send_str(message.to_text())


async def until_closed(websocket: web.WebSocketResponse, take: Callable[[Message], Awaitable[None]]) -> None:
    """Take the client's messages; one that is none of Azure Speech's closes the connection."""
    try:
        async for frame in websocket:
            if frame.type is WSMsgType.TEXT:
                await take(parse_text(frame.data))
            elif frame.type is WSMsgType.BINARY:
                await take(parse_binary(frame.data))
    except WireError as error:
        logger.warning("a client sent what is no message of Azure Speech: %s", error)
        await websocket.close(code=1007, message=str(error).encode())
    except ConnectionError:
        logger.debug("the client went away")
