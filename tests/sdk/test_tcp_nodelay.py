"""Which connections of a process send at once; with real sockets."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator

import pytest
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter._sdk.tcp_nodelay import set_tcp_nodelay

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(sys.platform == "win32", reason="sockets cannot be listed there"),
]


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
    set_tcp_nodelay("127.0.0.1", connected.port)
    assert connected.sends_at_once


def test_the_socket_stays_open_and_usable(connected: Connected) -> None:
    set_tcp_nodelay("127.0.0.1", connected.port)
    connected.client.sendall(b"still there")
    assert connected.peer.recv(100) == b"still there"


def test_one_that_does_already_goes_on(connected: Connected) -> None:
    set_tcp_nodelay("127.0.0.1", connected.port)
    set_tcp_nodelay("127.0.0.1", connected.port)
    assert connected.sends_at_once


def test_one_to_another_port_is_left_alone(connected: Connected) -> None:
    other = Connected()
    try:
        set_tcp_nodelay("127.0.0.1", other.port)
        assert other.sends_at_once
        assert not connected.sends_at_once
    finally:
        other.close()


def test_a_connection_to_another_address_is_left_alone(connected: Connected) -> None:
    with (
        socket.create_server(("127.0.0.2", connected.port)) as server,
        socket.create_connection(server.getsockname(), timeout=5.0) as elsewhere,
    ):
        set_tcp_nodelay("127.0.0.1", connected.port)
        assert connected.sends_at_once
        assert not elsewhere.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_with_other_addresses_by_now_is_found_by_its_port(connected: Connected, host: str) -> None:
    set_tcp_nodelay(host, connected.port)
    assert connected.sends_at_once


def test_a_connection_over_ipv6_sends_at_once() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("IPv6 is not available")
    with (
        socket.create_server(("::1", 0), family=socket.AF_INET6) as server,
        socket.create_connection(server.getsockname()[:2], timeout=5.0) as client,
    ):
        set_tcp_nodelay("::1", server.getsockname()[1])
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_no_socket_of_the_process_changes_its_mode(connected: Connected) -> None:
    connected.client.settimeout(None)
    socket.setdefaulttimeout(30.0)
    try:
        set_tcp_nodelay("127.0.0.1", connected.port)
    finally:
        socket.setdefaulttimeout(None)
    assert os.get_blocking(connected.client.fileno())


def test_a_descriptor_that_is_no_connection_is_left_alone() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as unconnected,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        datagrams.connect(listening.getsockname())
        set_tcp_nodelay(*listening.getsockname())
        for tcp in (unconnected, listening):
            assert not tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert datagrams.send(b"still there") == 11


def test_a_system_that_cannot_list_files_is_left_alone(connected: Connected, mocker: MockerFixture) -> None:
    mocker.patch("os.listdir", side_effect=FileNotFoundError)
    set_tcp_nodelay("127.0.0.1", connected.port)
    assert not connected.sends_at_once


def test_a_socket_that_is_not_of_the_internet_is_left_alone(connected: Connected) -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        set_tcp_nodelay("127.0.0.1", connected.port)
        one.sendall(b"still there")
        assert other.recv(100) == b"still there"
    assert connected.sends_at_once
