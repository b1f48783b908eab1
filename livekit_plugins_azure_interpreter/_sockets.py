"""What the SDK leaves to the operating system's defaults: when its sockets send."""

from __future__ import annotations

import os
import socket

_OPEN_FILES = "/dev/fd"
"""Linux and macOS list a process's files here; Windows has no such place."""


def send_at_once(peer_port: int) -> int:
    """Have the process's TCP connections to a port send each message as soon as it is written.

    The SDK leaves Nagle's algorithm on: a message that is short waits until the one before it was
    acknowledged, which takes a round trip and the peer's own delay on top. The SDK does not tell
    which socket is its own; others to the same port lose nothing, and asyncio's are like this anyway.

    Args:
        peer_port: Of the service, or of the proxy on the way to it.

    Returns:
        How many connections this changed.
    """
    try:
        numbers = os.listdir(_OPEN_FILES)
    except OSError:
        return 0
    return sum(_send_at_once(int(number), peer_port) for number in numbers)


def _send_at_once(number: int, peer_port: int) -> bool:
    try:
        connection = socket.socket(fileno=number)
    except OSError:  # no socket, or closed by now
        return False
    try:
        if connection.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        if connection.type != socket.SOCK_STREAM or connection.getpeername()[1] != peer_port:
            return False
        if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY):
            return False
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return True
    except OSError:  # not connected
        return False
    finally:
        connection.detach()  # it is somebody else's, who closes it
