"""What the SDK leaves to the operating system's defaults: when its sockets send."""

from __future__ import annotations

import os
import socket

_OPEN_FILES = "/dev/fd"
"""Linux and macOS list a process's files here; Windows has no such place."""


def send_at_once(peer_port: int) -> None:
    """Have the process's TCP connections to a port send each message as soon as it is written.

    The SDK leaves Nagle's algorithm on: a message that is short waits until the one before it was
    acknowledged, which takes a round trip and the peer's own delay on top. The SDK does not tell
    which socket is its own; others to the same port lose nothing, and asyncio's are like this anyway.

    Args:
        peer_port: Of the service, or of the proxy on the way to it.
    """
    try:
        numbers = os.listdir(_OPEN_FILES)
    except OSError:  # then they send as ever
        return
    for number in numbers:
        try:
            connection = socket.socket(fileno=int(number))
        except OSError:  # no socket, or closed by now
            continue
        try:
            if _is_to(connection, peer_port):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:  # not connected, or not any more
            continue
        finally:
            connection.detach()  # it is somebody else's, who closes it


def _is_to(connection: socket.socket, peer_port: int) -> bool:
    by_tcp = connection.family in (socket.AF_INET, socket.AF_INET6) and connection.type == socket.SOCK_STREAM
    return by_tcp and bool(connection.getpeername()[1] == peer_port)
