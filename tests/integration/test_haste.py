"""The SDK's own connections, as the operating system sees them: they send each frame at once."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from fakes.room import Audio

from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop

from .conftest import OpenPair

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets cannot be listed there")
Until = Callable[[Callable[[], object]], Awaitable[None]]


def _set_tcp_nodelay(endpoint: str) -> list[bool]:
    """Of each TCP connection of this process to an endpoint: whether it waits for no acknowledgement."""
    found = []
    for number in os.listdir("/dev/fd"):
        try:
            connection = socket.socket(fileno=int(number))
        except OSError:
            continue
        try:
            if connection.getpeername()[1] == urlsplit(endpoint).port:
                found.append(bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
        except (OSError, IndexError):  # not connected, or not by TCP
            continue
        finally:
            connection.detach()
    return found


async def test_a_connection_of_the_sdk_sends_at_once(open_pair: OpenPair, audio: Audio, until: Until) -> None:
    pair = await open_pair()
    pair.push(audio.silence(0.1))
    await until(lambda: _set_tcp_nodelay(pair.emulator.endpoint) == [True])


async def test_the_socket_after_a_lost_connection_sends_at_once_too(
    open_pair: OpenPair, audio: Audio, until: Until
) -> None:
    pair = await open_pair(Behaviour(faults=[Drop(0.5)]))
    pair.push(audio.silence(1.0))
    await until(lambda: pair.emulator.connections == 2)
    await until(lambda: _set_tcp_nodelay(pair.emulator.endpoint) == [True])
