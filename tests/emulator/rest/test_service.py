from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour

pytestmark = pytest.mark.native

_SHORT_AUDIO = [
    f"{prefix}/speech/recognition/{mode}/cognitiveservices/v1"
    for prefix in ("", "/stt")
    for mode in ("conversation", "dictation", "interactive")
]
_FAST = "/speechtotext/transcriptions:transcribe"


async def _status(emulator: Any, path: str, key: str) -> tuple[int, Any]:
    url = emulator.synthesis_url.replace("/cognitiveservices/v1", path)
    headers = {"Ocp-Apim-Subscription-Key": key}
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("path", [*_SHORT_AUDIO, _FAST])
async def test_each_path_answers_a_client_with_the_key(start: Any, path: str) -> None:
    emulator = await start(Behaviour(key="right"))
    assert (await _status(emulator, path, "right"))[0] == 400


@pytest.mark.parametrize("path", [_SHORT_AUDIO[0], _FAST])
async def test_a_wrong_key_is_a_401_that_says_so(start: Any, path: str) -> None:
    status, body = await _status(await start(Behaviour(key="right")), path, "wrong")
    assert (status, body["error"]["code"]) == (401, "401")
    assert "invalid subscription key" in body["error"]["message"]
