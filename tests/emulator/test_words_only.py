"""Clients that only want the words: the real SDK's SpeechRecognizer, and the official plugin's STT."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from livekit import rtc
from livekit.agents import stt

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

_SCRIPT = (Line("one", language="de-DE"), Line("two", language="de-DE"))
_LIMIT_SECONDS = 10.0


@pytest.fixture(params=["endpoint", "host"])
def where(request: pytest.FixtureRequest) -> Any:
    """How the emulator's address is given."""

    def give(emulator: Emulator) -> dict[str, str]:
        host, path, rest = emulator.endpoint.partition("/speech/")
        return {"host": host} if request.param == "host" else {"endpoint": host + path + rest}

    return give


async def test_a_speech_recognizer_gets_them(start: Any, audio: Any, where: Any) -> None:
    emulator = await start(Behaviour(script=_SCRIPT))
    stream = speechsdk.audio.PushAudioInputStream()
    config = speechsdk.SpeechConfig(subscription="any", **where(emulator))
    recognizer = speechsdk.SpeechRecognizer(config, speechsdk.audio.AudioConfig(stream=stream))
    finals: list[str] = []
    done = threading.Event()
    recognizer.recognized.connect(lambda event: finals.append(event.result.text))
    recognizer.session_stopped.connect(lambda event: done.set())
    stream.write(audio.utterance(1) + audio.utterance(2))
    stream.close()
    recognizer.start_continuous_recognition_async().get()
    assert await asyncio.to_thread(done.wait, _LIMIT_SECONDS)
    await asyncio.to_thread(lambda: recognizer.stop_continuous_recognition_async().get())
    for signal in (recognizer.recognized, recognizer.session_stopped):
        signal.disconnect_all()
    assert finals == ["one", "two"]


async def test_the_official_stt_gets_them(start: Any, audio: Any, where: Any) -> None:
    azure = pytest.importorskip("livekit.plugins.azure", reason="livekit-plugins-azure is not installed")
    emulator = await start(Behaviour(script=_SCRIPT))
    address = {f"speech_{name}": value for name, value in where(emulator).items()}
    recognizer = azure.STT(speech_key="any", language="de-DE", **address)
    stream = recognizer.stream()

    async def finals() -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        async for event in stream:
            if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                found.append((event.alternatives[0].text, event.alternatives[0].language))
            if len(found) == len(_SCRIPT):
                break
        return found

    try:
        for frame in audio.frames(audio.utterance(1) + audio.utterance(2)):
            stream.push_frame(rtc.AudioFrame(frame, 16000, 1, len(frame) // 2))
        assert await asyncio.wait_for(finals(), _LIMIT_SECONDS) == [("one", "de-DE"), ("two", "de-DE")]
    finally:
        await stream.aclose()
        await recognizer.aclose()
