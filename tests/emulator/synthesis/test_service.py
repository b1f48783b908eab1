"""The paths of text to speech, and what the real SDK gets there."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import within

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    DropText,
    Emulator,
    RefuseText,
    synthesize,
)

pytestmark = pytest.mark.native

_SOCKETS = [
    f"{prefix}/cognitiveservices/websocket/{version}" for prefix in ("", "/tts") for version in ("v1", "v2")
]


async def _speak(write: Any, endpoint: str, *texts: str) -> list[bytes]:
    def speak() -> list[bytes]:
        config = speechsdk.SpeechConfig(endpoint=endpoint, subscription="any")
        config.set_speech_synthesis_output_format(speechsdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm)
        synthesizer = speechsdk.SpeechSynthesizer(config, audio_config=None)
        return [synthesizer.speak_ssml_async(write.document(text)).get().audio_data for text in texts]

    return await within(asyncio.to_thread(speak))


def _at(emulator: Emulator, path: str) -> str:
    return emulator.synthesis_endpoint.replace("/tts/cognitiveservices/websocket/v1", path)


class TestPaths:
    @pytest.mark.parametrize("path", _SOCKETS)
    async def test_texts_are_spoken_at_each_path_of_a_websocket(self, start: Any, path: str) -> None:
        emulator = await start()
        async with aiohttp.ClientSession() as client:
            await client.ws_connect(_at(emulator, path))
        assert emulator.synthesis_connections == 1

    @pytest.mark.parametrize("prefix", ["", "/tts"])
    async def test_voices_and_texts_are_to_be_had_at_each_prefix(
        self, start: Any, write: Any, prefix: str
    ) -> None:
        url = _at(await start(), f"{prefix}/cognitiveservices").replace("ws://", "http://")
        headers = {"X-Microsoft-OutputFormat": write.raw_16}
        async with aiohttp.ClientSession(headers=headers) as client:
            async with client.get(f"{url}/voices/list") as listed:
                assert listed.status == 200
            async with client.post(f"{url}/v1", data=write.document()) as spoken:
                assert spoken.status == 200

    async def test_a_wrong_key_is_let_in_nowhere(self, start: Any) -> None:
        emulator = await start(Behaviour(key="right"))
        url = _at(emulator, "/cognitiveservices").replace("ws://", "http://")
        async with aiohttp.ClientSession() as client:
            for method, path in (("GET", "websocket/v1"), ("POST", "v1"), ("GET", "voices/list")):
                async with client.request(method, f"{url}/{path}") as response:
                    assert response.status == 401
        assert emulator.synthesis_connections == 0


class TestWebSocket:
    async def test_the_real_sdk_hears_every_sample_twice_on_one_connection(
        self, start: Any, write: Any
    ) -> None:
        emulator = await start(Behaviour(synthesis_seconds=0.4))
        heard = await _speak(write, emulator.synthesis_endpoint, "Hello", "Goodbye")
        assert heard == [synthesize(text, 0.4, 16000).pcm for text in ("Hello", "Goodbye")]
        assert [one.text for one in emulator.synthesized] == ["Hello", "Goodbye"]

    async def test_a_client_that_breaks_the_wire_is_sent_away(self, start: Any, write: Any) -> None:
        async with aiohttp.ClientSession() as client:
            socket = await client.ws_connect((await start()).synthesis_endpoint)
            await socket.send_str(write.ssml().to_text())
            await within(socket.receive())
        assert socket.close_code == 1007

    @pytest.mark.parametrize("name", ["Jenny", "é" * 100], ids=["short", "long"])
    async def test_a_reason_of_any_length_fits_into_the_close(
        self, start: Any, write: Any, name: str
    ) -> None:
        async with aiohttp.ClientSession() as client:
            socket = await client.ws_connect((await start()).synthesis_endpoint)
            await socket.send_str(write.context().to_text())
            await socket.send_str(write.ssml(voice=name).to_text())
            await within(socket.receive())
            end = await within(socket.receive())
        assert (socket.close_code, str(end.extra)[:19]) == (1007, f"Unsupported voice {name[0]}")

    async def test_a_custom_deployment_has_voices_of_any_name(self, start: Any, write: Any) -> None:
        emulator = await start()
        async with aiohttp.ClientSession() as client:
            socket = await client.ws_connect(f"{emulator.synthesis_endpoint}?deploymentId=some-id")
            await socket.send_str(write.context().to_text())
            await socket.send_str(write.ssml(voice="Contoso").to_text())
            while "turn.end" not in str((await within(socket.receive())).data):
                pass
        assert emulator.synthesized[0].text == "Hello"


class TestFaults:
    async def test_the_real_sdk_gives_up_where_its_text_is_refused(self, start: Any, write: Any) -> None:
        emulator = await start(Behaviour(faults=[RefuseText(times=1)]))
        refused, heard = await _speak(write, emulator.synthesis_endpoint, "Hello", "Goodbye")
        assert refused == b""
        assert heard == synthesize("Goodbye", 0.5, 16000).pcm
        assert emulator.synthesis_connections == 2

    async def test_the_real_sdk_asks_again_where_the_connection_is_reset_before_the_voice(
        self, start: Any, write: Any
    ) -> None:
        emulator = await start(Behaviour(faults=[DropText(after=0.0, times=1)]))
        (heard,) = await _speak(write, emulator.synthesis_endpoint, "Hello")
        assert heard == synthesize("Hello", 0.5, 16000).pcm
