"""An emulator in a thread of its own, asked by clients that know no event loop."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
import urllib.error
import urllib.request
from typing import Any

import aiohttp
import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import LIMIT_SECONDS

from livekit_plugins_azure_interpreter.emulator import BadJson, Behaviour, EmulatorThread, Line, MissingFields

pytestmark = pytest.mark.native

_SCRIPT = (Line("Good morning.", translations={"fr": "Bonjour."}), Line("Goodbye."))
_SSML = b"<speak xml:lang='en-US'><voice name='en-US-AvaNeural'>Good morning.</voice></speak>"


def _recognize(emulator: EmulatorThread, pcm: bytes) -> Any:
    stream = speechsdk.audio.PushAudioInputStream()
    config = speechsdk.SpeechConfig(subscription="any", endpoint=emulator.endpoint)
    recognizer = speechsdk.SpeechRecognizer(config, speechsdk.audio.AudioConfig(stream=stream))
    stream.write(pcm)
    stream.close()
    return recognizer.recognize_once_async().get()


def _speak(emulator: EmulatorThread, **headers: str) -> bytes:
    wanted = {"X-Microsoft-OutputFormat": "raw-16khz-16bit-mono-pcm", **headers}
    request = urllib.request.Request(emulator.synthesis_url, _SSML, wanted)
    with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as response:
        return bytes(response.read())


async def _whole_turn(emulator: EmulatorThread, connect: Any, pcm: bytes, **context: Any) -> Any:
    client = await connect(emulator.endpoint)
    await client.whole_turn(pcm, **context)
    return client


class TestEmulatorThread:
    def test_the_sdk_is_served(self, audio: Any) -> None:
        with EmulatorThread(Behaviour(script=_SCRIPT)) as emulator:
            assert _recognize(emulator, audio.utterance()).text == "Good morning."
            assert emulator.heard == ["Good morning."]

    def test_a_text_is_spoken_and_kept(self) -> None:
        with EmulatorThread() as emulator:
            voice = _speak(emulator)
            (synthesized,) = emulator.synthesized
        assert synthesized.voice.pcm == voice
        assert synthesized.text == "Good morning."

    def test_a_text_that_was_received_is_kept_at_once(self) -> None:
        with EmulatorThread() as emulator:
            for number in range(1, 30):
                _speak(emulator)
                assert len(emulator.synthesized) == number

    async def test_translations_with_their_voices_are_kept(self, connect: Any, audio: Any) -> None:
        with EmulatorThread(Behaviour(script=_SCRIPT, riff="none")) as emulator:
            client = await _whole_turn(emulator, connect, audio.utterance())
            (spoken,) = emulator.spoken
        assert spoken.voice.pcm == client.voice
        assert emulator.heard == [spoken.text] == ["Good morning."]

    @pytest.mark.parametrize("fault", [BadJson(1), MissingFields(1)])
    async def test_a_result_without_a_text_is_not_heard(self, connect: Any, audio: Any, fault: Any) -> None:
        with EmulatorThread(Behaviour(script=_SCRIPT, faults=[fault])) as emulator:
            await _whole_turn(emulator, connect, audio.utterance(1) + audio.utterance(2), targets=None)
            assert emulator.heard == ["Goodbye."]

    def test_a_token_that_it_issues_is_accepted(self) -> None:
        with EmulatorThread(Behaviour(token_seconds=60.0)) as emulator:
            assert _speak(emulator, Authorization=f"Bearer {emulator.issue_token()}")
            with pytest.raises(urllib.error.HTTPError, match="401"):
                _speak(emulator)

    async def test_the_endpoint_of_text_to_speech_is_served(self) -> None:
        with EmulatorThread() as emulator:
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(emulator.synthesis_endpoint) as socket,
            ):
                head = "Path:synthesis.context\r\nX-RequestId:r1\r\n\r\n"
                await socket.send_str(
                    head + json.dumps({"synthesis": {"audio": {"outputFormat": "raw-16khz-16bit-mono-pcm"}}})
                )
                await socket.send_str(f"Path:ssml\r\nX-RequestId:r1\r\n\r\n{_SSML.decode()}")
                while (message := await socket.receive(LIMIT_SECONDS)).type is not aiohttp.WSMsgType.BINARY:
                    pass
                (length,) = struct.unpack_from(">H", message.data)
            assert len(message.data) > 2 + length

    def test_the_end_leaves_no_thread_and_what_was_kept(self) -> None:
        before = threading.active_count()
        with EmulatorThread() as emulator:
            _speak(emulator)
            assert threading.active_count() > before
        assert threading.active_count() == before
        assert len(emulator.synthesized) == 1

    async def test_a_client_that_is_connected_does_not_hinder_the_end(self, connect: Any) -> None:
        with EmulatorThread() as emulator:
            client = await connect(emulator.endpoint)
            await client.open_turn()
        assert await client.closed() is not None

    def test_a_port_that_is_taken_is_an_error_and_leaves_no_thread(self, monkeypatch: Any) -> None:
        async def refuse(_: Any) -> None:
            raise OSError("the port is taken")

        before = threading.active_count()
        monkeypatch.setattr("livekit_plugins_azure_interpreter.emulator.server.Emulator.start", refuse)
        with pytest.raises(OSError, match="the port is taken"), EmulatorThread():
            pass
        assert threading.active_count() == before

    def test_emulators_in_several_threads_are_apart(self) -> None:
        with EmulatorThread() as one, EmulatorThread() as other:
            _speak(one)
            assert (len(one.synthesized), len(other.synthesized)) == (1, 0)

    async def test_a_test_that_is_a_coroutine_can_ask_for_it(self) -> None:
        with EmulatorThread() as emulator:
            await asyncio.to_thread(_speak, emulator)
            assert len(emulator.synthesized) == 1
