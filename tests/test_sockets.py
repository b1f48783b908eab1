"""Which connections of a process are made to send at once; with real sockets."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter._sockets import send_at_once

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets cannot be listed there")


class Connected:
    """A TCP connection on loopback, with the defaults of the operating system."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port: int = server.getsockname()[1]
            self.client = socket.create_connection(("127.0.0.1", self.port), timeout=5.0)
            self.peer, _ = server.accept()

    @property
    def sends_at_once(self) -> bool:
        return bool(self.client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def close(self) -> None:
        self.client.close()
        self.peer.close()


@pytest.fixture
def connected() -> Iterator[Connected]:
    connected = Connected()
    yield connected
    connected.close()


def test_a_connection_to_the_port_sends_at_once(connected: Connected) -> None:
    assert not connected.sends_at_once
    send_at_once(connected.port)
    assert connected.sends_at_once


def test_it_stays_open_and_usable(connected: Connected) -> None:
    send_at_once(connected.port)
    connected.client.sendall(b"still there")
    assert connected.peer.recv(100) == b"still there"


def test_one_that_does_already_goes_on(connected: Connected) -> None:
    send_at_once(connected.port)
    send_at_once(connected.port)
    assert connected.sends_at_once


def test_one_to_another_port_is_left_alone(connected: Connected) -> None:
    other = Connected()
    try:
        send_at_once(other.port)
        assert other.sends_at_once
        assert not connected.sends_at_once
    finally:
        other.close()


def test_what_is_no_connection_is_left_alone() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as unconnected,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        datagrams.connect(listening.getsockname())
        send_at_once(listening.getsockname()[1])
        for tcp in (unconnected, listening):
            assert not tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert datagrams.send(b"still there") == 11


def test_where_files_cannot_be_listed_nothing_happens(connected: Connected, mocker: MockerFixture) -> None:
    mocker.patch("os.listdir", side_effect=FileNotFoundError)
    send_at_once(connected.port)
    assert not connected.sends_at_once
