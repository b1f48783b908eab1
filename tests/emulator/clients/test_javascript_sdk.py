"""Microsoft's SDK for JavaScript, in Node and in a page of a browser."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes import toolchains
from fakes.limits import LONG_LIMIT_SECONDS, within

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

pytestmark = pytest.mark.native

_HERE = Path(__file__).parent / "javascript"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SCRIPT = (
    Line("Good morning, all.", translations={"fr": "Bonjour à tous."}),
    Line("Goodbye.", translations={"fr": "Au revoir."}),
)

Ask = Callable[..., Awaitable[Any]]


async def _in_node(task: str, where: dict[str, str], pcm: bytes, _: Path) -> Any:
    sdk = toolchains.javascript_sdk().parents[1]
    process = await asyncio.create_subprocess_exec(
        toolchains.program("node"),
        str(_HERE / "node.mjs"),
        task,
        json.dumps(where),
        env={**os.environ, "SPEECH_SDK": f"{sdk}{os.sep}"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await within(process.communicate(pcm), LONG_LIMIT_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return json.loads(output)


async def _in_a_page(task: str, where: dict[str, str], pcm: bytes, folder: Path) -> Any:
    heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    bundle = (
        toolchains.javascript_sdk()
        / "distrib"
        / "browser"
        / "microsoft.cognitiveservices.speech.sdk.bundle-min.js"
    )

    def give(path: Path) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
        async def handler(_: web.Request) -> web.FileResponse:
            return web.FileResponse(path)

        return handler

    async def task_wanted(_: web.Request) -> web.Response:
        return web.json_response({"task": task, "where": where})

    async def pcm_wanted(_: web.Request) -> web.Response:
        return web.Response(body=pcm)

    async def take(request: web.Request) -> web.Response:
        heard.set_result(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_get("/", give(_HERE / "page.html"))
    app.router.add_get("/tasks.mjs", give(_HERE / "tasks.mjs"))
    app.router.add_get("/sdk.js", give(bundle))
    app.router.add_get("/task", task_wanted)
    app.router.add_get("/pcm", pcm_wanted)
    app.router.add_post("/heard", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    process = await asyncio.create_subprocess_exec(
        toolchains.program(*_BROWSERS),
        *("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"),
        f"http://localhost:{runner.addresses[0][1]}/",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        return await within(heard, LONG_LIMIT_SECONDS)
    finally:
        process.kill()
        await process.wait()
        await runner.cleanup()


@pytest.fixture(params=[_in_node, _in_a_page], ids=["node", "browser"])
async def ask(request: pytest.FixtureRequest, start: Any, audio: Any, tmp_path: Path) -> Ask:
    """Do a task of `tasks.mjs`; what the client heard. The emulator, and what is said, may be given."""

    async def do(task: str, emulator: Emulator | None = None, pcm: bytes | None = None, **others: str) -> Any:
        emulator = emulator or await start(Behaviour(script=_SCRIPT))
        where = {
            "endpoint": emulator.endpoint,
            # At Azure's own path this SDK first asks for a redirect, of a server with TLS at port 443.
            "synthesis_endpoint": emulator.synthesis_endpoint.replace("/tts/", "/"),
            "host": emulator.synthesis_url.replace("/cognitiveservices/v1", ""),
            **others,
        }
        return await request.param(task, where, pcm or audio.utterance(1), tmp_path)

    return do


async def test_every_translation_comes_with_its_voice(ask: Ask, start: Any, audio: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT, riff="none"))
    heard = await ask("translate", emulator, audio.utterance(1) + audio.utterance(2))
    assert heard["texts"] == [line.text for line in _SCRIPT]
    assert heard["translations"] == [line.translations["fr"] for line in _SCRIPT]
    assert heard["voices"] == [len(spoken.voice.pcm) for spoken in emulator.spoken]


async def test_each_sentence_that_is_asked_for_is_the_next_of_the_script(ask: Ask) -> None:
    assert await ask("recognizeEach") == [line.text for line in _SCRIPT]


async def test_a_detailed_result_has_the_words(ask: Ask) -> None:
    assert await ask("detail") == {"text": _SCRIPT[0].text, "words": ["good", "morning", "all"]}


async def test_a_text_is_spoken_and_its_words_are_reported(ask: Ask, start: Any) -> None:
    emulator = await start(Behaviour(synthesis_seconds=0.5))
    assert await ask("speak", emulator) == {"bytes": 16_000, "words": ["Good", "morning"]}


_SSML = (
    '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">'
    '<voice name="en-US-AvaMultilingualNeural">{}</voice></speak>'
)


async def test_words_sentences_mouths_and_bookmarks_of_a_text_are_reported(ask: Ask, start: Any) -> None:
    ssml = _SSML.format('Mum. <bookmark mark="here"/>Hi.')
    heard = await ask("speakDocument", await start(Behaviour(synthesis_seconds=0.5)), ssml=ssml)
    assert sorted(heard.pop("words")) == sorted(
        [
            ["Mum", "WordBoundary", ssml.index("Mum")],
            [".", "PunctuationBoundary", ssml.index("Mum.") + 3],
            ["Mum.", "SentenceBoundary", ssml.index("Mum.")],
            ["Hi", "WordBoundary", ssml.index("Hi")],
            [".", "PunctuationBoundary", ssml.index("Hi.") + 2],
            ["Hi.", "SentenceBoundary", ssml.index("Hi.")],
        ]
    )
    (bookmark,) = heard.pop("bookmarks")
    assert bookmark[0] == "here"
    assert bookmark[1] == pytest.approx(5_000_000 * 4 / 7, abs=1)
    assert heard == {"visemes": [21, 7, 21, 0, 12, 6, 0, 0], "begin": [0xFF, 0xF3], "ticks": 5_000_000}


async def test_a_voice_that_cannot_be_is_an_error_with_its_reason(ask: Ask) -> None:
    heard = await ask("speakDocument", ssml=_SSML.format("Hi").replace("en-US-Ava", "Ava"))
    assert heard == {"error": "Unsupported voice AvaMultilingualNeural. websocket error code: 1007"}


async def test_voices_of_a_language_are_listed(ask: Ask) -> None:
    names = await ask("voices")
    assert "fr-FR-DeniseNeural" in names
    assert all(name.startswith("fr-FR-") for name in names)
