"""Keys and tokens, as clients give them."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import pytest
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Emulator,
)
from livekit_plugins_azure_interpreter.emulator.transport import access

pytestmark = pytest.mark.native


async def _token(emulator: Emulator, key: str) -> str | int:
    """A token that is asked for over HTTP, or the status that says no."""
    url = emulator.endpoint.replace("ws://", "http://").replace(
        "/speech/universal/v2", "/sts/v1.0/issueToken"
    )
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, headers={"Ocp-Apim-Subscription-Key": key}) as response,
    ):
        return await response.text() if response.status == 200 else response.status


class TestToken:
    async def test_one_that_was_issued_is_let_in(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(token_seconds=60.0))
        await connect(emulator.endpoint, authorization=f"Bearer {emulator.issue_token()}")
        assert emulator.connections == 1

    async def test_one_of_a_resource_is_let_in(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(token_seconds=60.0))
        token = f"Bearer aad#/subscriptions/s/accounts/a#{emulator.issue_token()}"
        await connect(emulator.endpoint, authorization=token)
        assert emulator.connections == 1

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
    async def test_the_scheme_is_spelled_in_any_case(self, start: Any, connect: Any, scheme: str) -> None:
        emulator = await start(Behaviour(token_seconds=60))
        await connect(emulator.endpoint, authorization=f"{scheme} {emulator.issue_token()}")

    async def test_a_browser_gives_it_in_the_address(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(token_seconds=60))
        await connect(f"{emulator.endpoint}?Authorization=bearer%20{emulator.issue_token()}", key=None)

    @pytest.mark.parametrize("how", [{"authorization": "Bearer other"}, {"key": "any"}, {"key": None}])
    async def test_nothing_else_is_let_in(self, start: Any, connect: Any, how: dict[str, Any]) -> None:
        emulator = await start(Behaviour(token_seconds=60.0))
        emulator.issue_token()
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await connect(emulator.endpoint, **how)
        assert caught.value.status == 401

    async def test_one_that_expired_is_not_let_in(
        self, start: Any, connect: Any, mocker: MockerFixture
    ) -> None:
        emulator = await start(Behaviour(token_seconds=60.0))
        token = emulator.issue_token()
        mocker.patch.object(access.time, "monotonic", return_value=time.monotonic() + 61.0)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(emulator.endpoint, authorization=f"Bearer {token}")

    async def test_a_key_that_was_set_may_have_one_over_http(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(token_seconds=60.0, key="right"))
        token = await _token(emulator, "right")
        await connect(emulator.endpoint, authorization=f"Bearer {token}")
        assert emulator.connections == 1

    @pytest.mark.parametrize("seconds", [60.0, None])
    async def test_a_wrong_key_gets_none_over_http(self, start: Any, seconds: float | None) -> None:
        emulator = await start(Behaviour(token_seconds=seconds, key="right"))
        assert await _token(emulator, "wrong") == 401

    async def test_tokens_never_expire_unless_they_were_given_a_time(
        self, start: Any, connect: Any, mocker: MockerFixture
    ) -> None:
        emulator = await start(Behaviour(key="right"))
        token = await _token(emulator, "right")
        mocker.patch.object(access.time, "monotonic", return_value=time.monotonic() + 1e6)
        await connect(emulator.endpoint, authorization=f"bearer {token}")
        await connect(emulator.endpoint, key="right")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(emulator.endpoint, authorization="bearer other")

    async def test_the_oldest_token_is_forgotten(self, start: Any, mocker: MockerFixture) -> None:
        mocker.patch.object(access, "_TOKENS_KEPT", 2)
        emulator = await start(Behaviour(key="right"))
        tokens = [emulator.issue_token() for _ in range(3)]
        headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
        url = emulator.synthesis_url.replace("/v1", "/voices/list")
        statuses = []
        async with aiohttp.ClientSession() as http:
            for header in headers:
                async with http.get(url, headers=header) as response:
                    statuses.append(response.status)
        assert statuses == [401, 200, 200]
