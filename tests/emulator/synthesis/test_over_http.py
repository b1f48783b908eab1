"""Text to speech over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, synthesize

pytestmark = pytest.mark.native


async def _post(emulator: Emulator, data: Any, form: str | None, **query: str) -> tuple[int, str, bytes]:
    headers = {} if form is None else {"X-Microsoft-OutputFormat": form}
    async with (
        aiohttp.ClientSession() as client,
        client.post(emulator.synthesis_url, data=data, headers=headers, params=query) as response,
    ):
        return response.status, response.headers.get("Content-Type", ""), await response.read()


async def test_the_samples_are_the_body(start: Any, write: Any) -> None:
    emulator = await start(Behaviour(synthesis_seconds=0.4))
    status, kind, body = await _post(emulator, write.document(), "raw-24khz-16bit-mono-pcm")
    assert (status, kind) == (200, "audio/basic")
    assert body == synthesize("Hello", 0.4, 24000).pcm
    assert [(one.text, one.ssml) for one in emulator.synthesized] == [("Hello", write.document())]


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("riff-16khz-16bit-mono-pcm", "audio/x-wav"),
        ("audio-16khz-32kbitrate-mono-mp3", "audio/mpeg"),
        ("ogg-24khz-16bit-mono-opus", "audio/ogg; codecs=opus; rate=24000"),
        ("webm-24khz-16bit-mono-opus", "audio/webm; codecs=opus; rate=24000"),
    ],
)
async def test_the_kind_of_the_body_is_told(start: Any, write: Any, form: str, kind: str) -> None:
    assert (await _post(await start(), write.document(), form))[:2] == (200, kind)


async def test_a_text_without_words_has_no_audio(start: Any, write: Any) -> None:
    status, _, body = await _post(await start(), write.document(""), "raw-16khz-16bit-mono-pcm")
    assert (status, body) == (200, b"")


@pytest.mark.parametrize(
    ("document", "form", "reason"),
    [
        ("no & xml", "raw-16khz-16bit-mono-pcm", b"not XML"),
        ("<speak>Hello</speak>", "raw-16khz-16bit-mono-pcm", b"one language"),
        (None, "opus", b"Unsupported output format opus"),
        (None, None, b"Unsupported output format"),
        ("x" * 1_000_000, "raw-16khz-16bit-mono-pcm", b"more than 65536"),
    ],
)
async def test_a_request_that_azure_refuses_is_a_400_that_says_why(
    start: Any, write: Any, document: str | None, form: str | None, reason: bytes
) -> None:
    status, _, body = await _post(await start(), document or write.document(), form)
    assert status == 400
    assert reason in body


async def test_a_custom_deployment_has_voices_of_any_name(start: Any, write: Any) -> None:
    document = write.document(voice="Contoso")
    form = "raw-16khz-16bit-mono-pcm"
    emulator = await start()
    assert (await _post(emulator, document, form))[0] == 400
    assert (await _post(emulator, document, form, deploymentId="some-id"))[0] == 200


async def test_voices_are_listed(start: Any) -> None:
    port = urlsplit((await start()).synthesis_url).port
    url = f"http://127.0.0.1:{port}/cognitiveservices/voices/list"
    async with aiohttp.ClientSession() as client, client.get(url) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert "en-US-AvaMultilingualNeural" in {voice["ShortName"] for voice in await response.json()}
