"""Who may ask the emulator: seen from a client that sends what browsers send."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator

pytestmark = pytest.mark.native

_ELSEWHERE = "https://example.com"
_SSML = '<speak xml:lang="en-US"><voice name="en-US-AvaNeural">Hello</voice></speak>'


async def _ask(emulator: Emulator, method: str = "POST", **headers: str) -> aiohttp.ClientResponse:
    """Ask for a text to be spoken."""
    headers = {"X-Microsoft-OutputFormat": "raw-16khz-16bit-mono-pcm", **headers}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, emulator.synthesis_url, data=_SSML, headers=headers) as answer,
    ):
        await answer.read()
        return answer


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443"])
async def test_a_page_of_this_machine_is_let_in_and_may_read_the_answer(start: Any, origin: str) -> None:
    answer = await _ask(await start(), Origin=origin)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize("origin", [_ELSEWHERE, "null", "http://localhost.example.com", "http://[", ""])
async def test_a_page_from_elsewhere_is_refused(start: Any, origin: str) -> None:
    answer = await _ask(await start(), Origin=origin)
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("origin", [_ELSEWHERE, f"{_ELSEWHERE}/"])
async def test_a_page_that_was_allowed_is_let_in(start: Any, origin: str) -> None:
    answer = await _ask(await start(origins=[origin]), Origin=_ELSEWHERE)
    assert answer.status == 200


async def test_a_page_from_elsewhere_has_no_websocket(start: Any) -> None:
    emulator = await start(Behaviour())
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(emulator.endpoint, origin=_ELSEWHERE)
    assert refused.value.status == 403
    assert emulator.handshakes == 0


async def test_a_name_that_was_pointed_here_is_refused_unless_it_was_allowed(start: Any) -> None:
    assert (await _ask(await start(), Host="example.com:80")).status == 403
    assert (await _ask(await start(hosts=["example.com"]), Host="example.com:80")).status == 200


async def test_a_browser_that_asks_first_is_told_what_it_may_send(start: Any) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-connectionid"}
    answer = await _ask(await start(), "OPTIONS", Origin="http://localhost", **asked)
    assert (answer.status, answer.headers["Access-Control-Allow-Headers"]) == (204, "x-connectionid")
