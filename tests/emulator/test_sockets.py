from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiohttp import WSMessage, WSMsgType

from livekit_plugins_azure_interpreter.emulator.sockets import hang_up, send, until_closed
from livekit_plugins_azure_interpreter.emulator.wire import Message

_TEXT = WSMessage(WSMsgType.TEXT, "Path:event\r\n\r\n{}", None)
_BINARY = WSMessage(WSMsgType.BINARY, b"\0\x0cPath:audio\r\n\1\2", None)


class _Socket:
    """A WebSocket that brings these frames, or fails."""

    def __init__(self, *frames: WSMessage | Exception) -> None:
        self.frames = frames
        self.sent: list[str | bytes] = []
        self.closed_with: dict[str, Any] = {}

    async def __aiter__(self) -> AsyncIterator[WSMessage]:
        for frame in self.frames:
            if isinstance(frame, Exception):
                raise frame
            yield frame

    async def send_str(self, data: str) -> None:
        self.sent.append(data)

    async def send_bytes(self, data: bytes) -> None:
        self.sent.append(data)

    async def close(self, **how: Any) -> None:
        self.closed_with = how


async def _taken(socket: Any) -> list[Message]:
    taken: list[Message] = []

    async def take(message: Message) -> None:
        taken.append(message)

    await until_closed(socket, take)
    return taken


class TestSend:
    @pytest.mark.parametrize(("binary", "frame"), [(False, _TEXT), (True, _BINARY)])
    async def test_a_message_is_a_frame_of_its_kind(self, binary: bool, frame: WSMessage) -> None:
        socket: Any = _Socket()
        message = Message("audio", {}, b"\1\2") if binary else Message("event", {}, b"{}")
        await send(socket, message, binary)
        assert socket.sent == [frame.data]


class TestUntilClosed:
    async def test_messages_are_taken_in_order(self) -> None:
        assert await _taken(_Socket(_TEXT, _BINARY)) == [
            Message("event", {}, b"{}"),
            Message("audio", {}, b"\1\2"),
        ]

    async def test_other_frames_are_passed_over(self) -> None:
        assert len(await _taken(_Socket(WSMessage(WSMsgType.PING, b"", None), _TEXT))) == 1

    async def test_a_malformed_message_closes_the_connection(self, caplog: pytest.LogCaptureFixture) -> None:
        socket = _Socket(WSMessage(WSMsgType.TEXT, "hello", None), _TEXT)
        assert (await _taken(socket), socket.closed_with["code"]) == ([], 1007)
        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    async def test_a_client_that_is_gone_is_no_error(self, caplog: pytest.LogCaptureFixture) -> None:
        assert len(await _taken(_Socket(_TEXT, ConnectionResetError()))) == 1
        assert caplog.records == []


class TestHangUp:
    @pytest.fixture
    async def peers(self) -> AsyncIterator[tuple[asyncio.Transport, asyncio.StreamReader]]:
        """The transport of one end of a connection, and what the other end reads."""
        # The writer itself is kept: from Python 3.13 on, one that is dropped closes its connection.
        accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set_result(writer)

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as listening:
            reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname()[:2])
            transport = cast(asyncio.Transport, (await accepted).transport)
            yield transport, reader
            transport.abort()
            writer.close()

    @pytest.mark.native
    async def test_a_code_is_told_and_the_connection_is_left_to_the_client(self, peers: Any) -> None:
        transport, reader = peers
        hang_up(transport, 1012)
        assert await reader.readexactly(4) == b"\x88\x02\x03\xf4"
        assert not transport.is_closing()

    @pytest.mark.native
    async def test_hanging_up_without_a_code_resets_the_connection(self, peers: Any) -> None:
        transport, reader = peers
        hang_up(transport, None)
        with pytest.raises(ConnectionResetError):
            await reader.read()

    @pytest.mark.native
    @pytest.mark.parametrize("code", [None, 1000])
    async def test_a_connection_that_is_gone_is_left_alone(self, peers: Any, code: int | None) -> None:
        transport, _ = peers
        transport.close()
        hang_up(transport, code)
        hang_up(None, code)
