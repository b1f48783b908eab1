"""Sets TCP_NODELAY on the SDK's connections."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from collections.abc import Iterator

_OPEN_FILES = "/dev/fd"
"""Linux and macOS list a process's files here; Windows has no such folder."""
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_SOCKADDR_BYTES = 128


def set_tcp_nodelay(host: str, port: int) -> None:
    """Make the process's TCP connections to a peer send each message as soon as it is written.

    The SDK leaves Nagle's algorithm on: a short message waits until the one before it is acknowledged,
    which takes a round trip and the peer's own delay on top. The SDK does not show which socket is its
    own, so the sockets of the process are searched by the address of their peer. It blocks while the
    name of the host is looked up.

    Args:
        host: The service, or the proxy on the way to it.
        port: Its port.
    """
    to_port = list(_connections(port))
    addresses = _addresses(host)
    # A load-balanced name may have another address by now.
    of_host = [number for number, address in to_port if address in addresses]
    for number in of_host or [number for number, _ in to_port]:
        _set_no_delay(number)


def _connections(port: int) -> Iterator[tuple[int, str]]:
    """The file numbers of the process's connections to a port, and the addresses of their peers."""
    try:
        numbers = [int(name) for name in os.listdir(_OPEN_FILES)]
    except OSError:  # they send as before
        return
    for number in numbers:
        peer = _peer(number)
        if peer is not None and peer[1] == port:
            yield number, peer[0]


def _peer(number: int) -> tuple[str, int] | None:
    # Uses the C library: a Python socket object would change the blocking mode of a foreign socket.
    name = ctypes.create_string_buffer(_SOCKADDR_BYTES)
    length = ctypes.c_uint32(_SOCKADDR_BYTES)
    if _libc().getpeername(number, name, ctypes.byref(length)) != 0:
        return None  # not a socket, not connected, or closed by now
    family = name.raw[1] if sys.platform == "darwin" else int.from_bytes(name.raw[:2], sys.byteorder)
    if family not in _FAMILIES:
        return None
    packed = name.raw[4:8] if family == socket.AF_INET else name.raw[8:24]
    return socket.inet_ntop(family, packed).removeprefix("::ffff:"), int.from_bytes(name.raw[2:4], "big")


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def _set_no_delay(number: int) -> None:
    on = ctypes.c_int(1)
    # It fails for anything but a TCP connection, which then stays unchanged.
    _libc().setsockopt(
        number, socket.IPPROTO_TCP, socket.TCP_NODELAY, ctypes.byref(on), ctypes.c_uint32(ctypes.sizeof(on))
    )


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
