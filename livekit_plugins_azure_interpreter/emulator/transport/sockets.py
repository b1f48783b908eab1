"""Ends connections as a service does, and as one that crashes."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

_CLOSE_FRAME = b"\x88"
_LONGEST_REASON_BYTES = 123
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def hang_up(transport: asyncio.Transport | None, code: int | None, reason: str = "") -> None:
    """Close with a WebSocket close code and its reason, or reset. The caller must still read from it."""
    if code is None:
        reset(transport)
    elif transport is not None and not transport.is_closing():
        # aiohttp's close() would end the connection at once. If audio of the client is unread, that end
        # overtakes the code. The client leaves when it has read the code.
        payload = struct.pack(">H", code) + cut(reason)
        transport.write(_CLOSE_FRAME + bytes([len(payload)]) + payload)


def cut(reason: str) -> bytes:
    """As much of a reason as fits into the close of a WebSocket, without half a letter at its end."""
    return reason.encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore").encode()


def reset(transport: asyncio.Transport | None) -> None:
    """End a connection as a crash does, without a goodbye."""
    if transport is not None and not transport.is_closing():
        peer: socket.socket = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()


async def for_ever() -> None:
    """Wait until the client leaves or the emulator is closed, which cancels it."""
    await asyncio.Event().wait()
