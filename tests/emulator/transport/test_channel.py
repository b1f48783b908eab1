"""Messages over one WebSocket, with a client that shares no code with the emulator."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from fakes.limits import within
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator.transport import channel as module
from livekit_plugins_azure_interpreter.emulator.transport.channel import Channel, Tap
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message
from livekit_plugins_azure_interpreter.emulator.watching.happenings import (
    Connected,
    Disconnected,
    Happening,
    Received,
    Sent,
    Watch,
)

pytestmark = pytest.mark.native

_EVENT = Message("event", {}, b"{}")
_MALFORMED = "hello"

Serve = Callable[[Channel], Awaitable[None]]


class _Service:
    """A server whose connections are channels, and what became of them.

    Attributes:
        taken: The messages that the last channel took.
        happenings: What its watchers were told.
        over: Set when the last channel is served no more.
    """

    def __init__(self, tap: Tap) -> None:
        self.taken: list[Message] = []
        self.happenings: list[Happening] = []
        self.over = asyncio.Event()
        self._tap = tap

    async def connected(self, request: web.Request) -> web.StreamResponse:
        channel = await Channel.accept(request, number=7, tap=self._tap, watch=Watch(self.happenings.append))
        try:
            await channel.serve(lambda message: self._take(channel, message))
        finally:
            self.over.set()
        return channel.response

    async def _take(self, channel: Channel, message: Message) -> None:
        self.taken.append(message)
        if message.path == "echo":
            await channel.send(Message("echo", {}, message.body), binary=False)
        elif message.path == "flood":
            while True:
                await channel.send(Message("audio", {}, bytes(100_000)), binary=True)
        elif message.path == "garbage":
            await channel.send_garbage(b"\xff")
        elif message.path == "close":
            channel.hang_up(1011, "over")

    def of(self, kind: type[Happening]) -> list[Any]:
        return [happening for happening in self.happenings if isinstance(happening, kind)]


@pytest.fixture
def tap() -> Tap:
    return Tap()


@pytest.fixture
async def service(tap: Tap) -> AsyncIterator[tuple[_Service, str]]:
    """A service and its address."""
    served = _Service(tap)
    app = web.Application()
    app.router.add_get("/", served.connected)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield served, f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"User-Agent": "a client"}) as session:
        yield session


@pytest.fixture
async def socket(
    service: tuple[_Service, str], http: aiohttp.ClientSession
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with http.ws_connect(service[1]) as connected:
        yield connected


@pytest.fixture
def served(service: tuple[_Service, str]) -> _Service:
    return service[0]


class TestHandshake:
    @pytest.mark.parametrize("offered", [(), ("USP",), ("other", "USP")])
    async def test_a_client_is_told_the_subprotocol_that_it_offered(
        self, service: Any, http: aiohttp.ClientSession, offered: tuple[str, ...]
    ) -> None:
        async with http.ws_connect(service[1], protocols=offered) as socket:
            assert socket.protocol == ("USP" if offered else None)

    async def test_an_unknown_subprotocol_is_refused(self, service: Any, http: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await http.ws_connect(service[1], protocols=("graphql-ws",))
        assert refusal.value.status == 400

    async def test_the_client_is_announced_by_its_path_and_its_name(
        self, served: _Service, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        await socket.close()
        await within(served.over.wait())
        assert served.happenings[0] == Connected(connection=7, path="/", client="a client")


class TestMessages:
    async def test_messages_are_taken_in_order(self, served: _Service, socket: Any) -> None:
        await socket.send_str("Path:event\r\n\r\n{}")
        await socket.send_bytes(b"\0\x0cPath:audio\r\n\1\2")
        await socket.close()
        await within(served.over.wait())
        assert served.taken == [_EVENT, Message("audio", {}, b"\1\2")]
        assert served.of(Received) == [Received(connection=7, message=message) for message in served.taken]

    async def test_a_message_is_sent_as_a_frame_of_its_kind(self, served: _Service, socket: Any) -> None:
        await socket.send_str("Path:echo\r\n\r\n{}")
        assert await within(socket.receive_str()) == "Path:echo\r\n\r\n{}"
        assert served.of(Sent) == [Sent(connection=7, message=Message("echo", {}, b"{}"), binary=False)]

    async def test_garbage_is_sent_as_it_is(self, socket: Any) -> None:
        await socket.send_str("Path:garbage\r\n\r\n")
        assert await within(socket.receive_bytes()) == b"\xff"

    async def test_a_malformed_message_closes_the_connection_with_its_reason(
        self, served: _Service, socket: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        await socket.send_str(_MALFORMED)
        frame = await within(socket.receive())
        assert (frame.data, frame.extra) == (1007, "a text frame needs a blank line between headers and body")
        await within(served.over.wait())
        assert served.taken == []
        assert served.of(Disconnected) == [Disconnected(connection=7, code=1007, reason=frame.extra)]
        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    async def test_a_client_that_is_gone_is_no_error(
        self, served: _Service, socket: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        await socket.send_str("Path:flood\r\n\r\n")
        await within(socket.receive_bytes())
        socket.get_extra_info("socket")
        socket._response.connection.transport.abort()
        await within(served.over.wait())
        assert caplog.records == []

    async def test_the_code_of_the_service_is_told_with_its_reason(
        self, served: _Service, socket: Any
    ) -> None:
        await socket.send_str("Path:close\r\n\r\n")
        frame = await within(socket.receive())
        await within(served.over.wait())
        assert (frame.data, frame.extra) == (1011, "over")
        assert served.of(Disconnected) == [Disconnected(connection=7, code=1011, reason="over")]


class TestLimits:
    async def test_a_message_that_is_too_large_is_refused_before_it_is_read(
        self, served: _Service, socket: Any
    ) -> None:
        await socket.send_bytes(bytes(module.MOST_MESSAGE_BYTES))
        assert (await within(socket.receive())).data == 1009
        assert served.taken == []

    async def test_an_idle_client_is_let_go_with_a_reason(
        self, served: _Service, socket: Any, mocker: MockerFixture
    ) -> None:
        mocker.patch.object(module, "MOST_IDLE_SECONDS", 0.05)
        await socket.send_str("Path:event\r\n\r\n{}")
        frame = await within(socket.receive())
        assert (frame.data, frame.extra) == (1000, "no message for 0 s")

    async def test_a_client_that_reads_nothing_is_reset(
        self, served: _Service, http: aiohttp.ClientSession, service: Any, mocker: MockerFixture
    ) -> None:
        mocker.patch.object(module, "MOST_SENDING_SECONDS", 0.1)
        async with http.ws_connect(service[1]) as socket:
            socket._response.connection.transport.pause_reading()
            await socket.send_str("Path:flood\r\n\r\n")
            await within(served.over.wait())
            told = served.of(Disconnected)
        assert told == [Disconnected(connection=7, code=None, reason="the client read nothing for 0 s")]


class _Changing(Tap):
    """Replaces what is sent."""

    def __init__(self, *instead: Message) -> None:
        self.seen: list[Message] = []
        self._instead = instead

    def received(self, message: Message) -> None:
        self.seen.append(message)

    def sending(self, message: Message) -> tuple[Message, ...]:
        return self._instead


class TestTap:
    @pytest.fixture
    def tap(self) -> Tap:
        return _Changing(Message("audio", {}, b"\1"), Message("other", {}, b"2"))

    async def test_the_messages_of_a_tap_replace_a_message(self, tap: _Changing, socket: Any) -> None:
        await socket.send_str("Path:echo\r\n\r\n{}")
        assert await within(socket.receive_bytes()) == Message("audio", {}, b"\1").to_binary()
        assert await within(socket.receive_str()) == "Path:other\r\n\r\n2"
        assert [message.path for message in tap.seen] == ["echo"]
