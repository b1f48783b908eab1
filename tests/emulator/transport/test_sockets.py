"""The end of a connection, as the other side sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from livekit_plugins_azure_interpreter.emulator.transport.sockets import cut, hang_up


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


def test_a_reason_is_cut_between_two_letters() -> None:
    assert cut("é" * 100) == ("é" * 61).encode()
    assert cut("short") == b"short"
