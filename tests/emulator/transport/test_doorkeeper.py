"""Sockets that ask for nothing, and more of them than there is room for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from fakes.limits import within
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator
from livekit_plugins_azure_interpreter.emulator.transport import doorkeeper
from livekit_plugins_azure_interpreter.emulator.watching.happenings import Answered, Happening, Watch

pytestmark = pytest.mark.native

_SOON_SECONDS = 0.2
_SSML = "<speak xml:lang='en-US'><voice name='en-US-AvaNeural'>Hello</voice></speak>"


async def _opened(emulator: Emulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(emulator.endpoint)
    return await asyncio.open_connection(address.hostname, address.port)


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await within(reader.read()) == b""
    except ConnectionResetError:
        return True


class TestTime:
    @pytest.fixture(autouse=True)
    def soon(self, mocker: MockerFixture) -> None:
        mocker.patch.object(doorkeeper, "MOST_ASKING_SECONDS", _SOON_SECONDS)

    @pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: local"], ids=["nothing", "half"])
    async def test_a_connection_without_a_whole_request_is_ended(self, start: Any, said: bytes) -> None:
        reader, writer = await _opened(await start())
        writer.write(said)
        assert await _ended(reader)
        writer.close()

    async def test_a_connection_that_asks_no_more_is_ended(self, start: Any) -> None:
        reader, writer = await _opened(await start())
        writer.write(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await within(reader.readline())).startswith(b"HTTP/1.1 404")
        await within(reader.readuntil(b"404: Not Found"))
        assert await _ended(reader)
        writer.close()

    async def test_a_body_that_never_ends_is_reset(self, start: Any, mocker: MockerFixture) -> None:
        mocker.patch.object(doorkeeper, "MOST_BODY_SECONDS", _SOON_SECONDS)
        reader, writer = await _opened(await start())
        head = "POST /cognitiveservices/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        writer.write(f"{head}X-Microsoft-OutputFormat: raw-16khz-16bit-mono-pcm\r\n\r\n<speak".encode())
        assert await _ended(reader)
        writer.close()

    async def test_a_slow_answer_is_not_ended(self, start: Any, mocker: MockerFixture) -> None:
        mocker.patch.object(doorkeeper, "MOST_BODY_SECONDS", _SOON_SECONDS)
        emulator = await start(Behaviour(voice_delay_ms=round(3000 * _SOON_SECONDS)))
        headers = {"X-Microsoft-OutputFormat": "raw-16khz-16bit-mono-pcm"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(emulator.synthesis_url, data=_SSML) as response,
        ):
            assert len(await response.read()) > 0

    async def test_an_open_websocket_is_not_ended(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        with pytest.raises(asyncio.TimeoutError):
            await client.socket.receive(3 * _SOON_SECONDS)

    async def test_a_client_that_left_before_is_no_error(
        self, start: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        _, writer = await _opened(await start())
        writer.close()
        await asyncio.sleep(2 * _SOON_SECONDS)  # until its time is over
        assert caplog.records == []


class TestRoom:
    async def test_connections_beyond_the_limit_are_reset(self, start: Any, mocker: MockerFixture) -> None:
        mocker.patch.object(doorkeeper, "MOST_CONNECTIONS", 2)
        emulator = await start()
        held = [await _opened(emulator) for _ in range(2)]
        reader, writer = await _opened(emulator)
        assert await _ended(reader)
        for _, other in [*held, (reader, writer)]:
            other.close()

    async def test_a_place_that_is_free_again_is_given_away(
        self, start: Any, connect: Any, mocker: MockerFixture
    ) -> None:
        mocker.patch.object(doorkeeper, "MOST_CONNECTIONS", 1)
        emulator = await start()
        first = await connect(emulator.endpoint)
        await first.socket.close()

        async def connected() -> None:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    await connect(emulator.endpoint)
                    return

        await within(connected())


async def test_a_client_that_left_amid_its_request_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def gone(_: web.Request) -> web.StreamResponse:
        raise ConnectionResetError("the client left")

    app = web.Application()
    keeper = doorkeeper.Doorkeeper(Watch())
    keeper.receive(app)
    app.router.add_get("/", gone)
    async with TestClient(TestServer(app)) as client, client.get("/") as response:
        assert response.status == 499
    # asyncio may only now collect, and tell, what a test before this one left behind.
    told = [record for record in caplog.records if record.name != "asyncio"]
    assert [record for record in told if record.levelno >= logging.WARNING] == []


async def test_each_answer_is_told_but_not_that_of_an_open_websocket(start: Any, connect: Any) -> None:
    happenings: list[Happening] = []
    emulator = await start(watchers=[happenings.append])
    await connect(emulator.endpoint)
    async with aiohttp.ClientSession() as http:
        async with http.get(emulator.synthesis_url.replace("v1", "nothing")) as response:
            assert response.status == 404
        async with http.post(emulator.synthesis_url, data="") as response:
            assert response.status == 400
    assert [happening for happening in happenings if isinstance(happening, Answered)] == [
        Answered(method="GET", path="/cognitiveservices/nothing", status=404),
        Answered(method="POST", path="/cognitiveservices/v1", status=400),
    ]
