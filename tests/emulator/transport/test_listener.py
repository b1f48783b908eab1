"""A port that is served, left, and found again."""

from __future__ import annotations

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from fakes.limits import within

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Line,
    faults,
)
from livekit_plugins_azure_interpreter.emulator.transport.doorkeeper import Doorkeeper
from livekit_plugins_azure_interpreter.emulator.transport.listener import Listener
from livekit_plugins_azure_interpreter.emulator.watching.happenings import Watch

pytestmark = pytest.mark.native

_SCRIPT = (
    Line("Hello world", translations={"fr": "Bonjour le monde", "de": "Hallo Welt"}),
    Line("Goodbye", translations={"fr": "Au revoir", "de": "Tschüss"}),
)


def _faulty(*what: faults.Fault) -> Behaviour:
    return Behaviour(script=_SCRIPT, interim_interval_ms=None, faults=what)


async def _back(connect: Any, endpoint: str) -> Any:
    """A client of a service that comes back."""
    while True:
        try:
            return await connect(endpoint)
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.01)


class TestAway:
    async def test_every_connection_is_reset(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(_faulty(faults.Away(1.0, 60.0)))
        other = await connect(emulator.endpoint, session_id="other")
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        codes = [await client.closed(), await other.closed()]
        assert codes == [aiohttp.WSCloseCode.ABNORMAL_CLOSURE] * 2

    async def test_a_handshake_that_hangs_is_reset_too(
        self, start: Any, connect: Any, audio: Any, eventually: Any
    ) -> None:
        hang = faults.HangHandshake(from_connection=2)
        emulator = await start(_faulty(faults.Away(1.0, 60.0), hang))
        client = await connect(emulator.endpoint)
        waiting = asyncio.create_task(connect(emulator.endpoint))
        await eventually(lambda: emulator.handshakes == 2)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        with pytest.raises(aiohttp.ClientError):
            await waiting

    async def test_the_port_refuses_meanwhile(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(_faulty(faults.Away(1.0, 60.0)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        await client.closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", urlsplit(emulator.endpoint).port)

    async def test_it_comes_back_at_the_same_port(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(_faulty(faults.Away(1.0, 0.05)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        await client.closed()
        again = await within(_back(connect, emulator.endpoint))
        await again.whole_turn(audio.silence(1.0))

    async def test_it_waits_for_its_port(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(_faulty(faults.Away(1.0, 0.3)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        await client.closed()
        address = urlsplit(emulator.endpoint)
        # It answers nobody; the emulator would be back meanwhile.
        with socket.create_server((address.hostname, address.port)), pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(connect(emulator.endpoint), 0.6)
        again = await within(_back(connect, emulator.endpoint))
        await again.whole_turn(audio.silence(1.0))

    async def test_one_that_is_away_already_does_not_go_again(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(_faulty(faults.Away(1.0, 60.0), faults.Away(1.0, 0.05)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        await client.closed()
        with pytest.raises(aiohttp.ClientConnectorError):
            await connect(emulator.endpoint)

    async def test_the_emulator_can_be_closed_while_it_is_away(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(_faulty(faults.Away(1.0, 60.0)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        await client.closed()
        await within(emulator.aclose())


class TestListener:
    async def test_a_port_that_is_taken_is_an_os_error_and_leaves_nothing_open(self) -> None:
        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = taken.sockets[0].getsockname()[1]
        listener = Listener(Doorkeeper(Watch()), "127.0.0.1", port)
        with pytest.raises(OSError, match="address already in use"):
            await listener.start(web.Application())
        await listener.aclose()
        taken.close()

    @pytest.mark.parametrize(
        ("host", "address"),
        [("127.0.0.1", "127.0.0.1:80"), ("0.0.0.0", "127.0.0.1:80"), ("::1", "[::1]:80")],
    )
    def test_the_address_is_one_that_this_machine_can_connect_to(self, host: str, address: str) -> None:
        assert Listener(Doorkeeper(Watch()), host, 80).address == address
