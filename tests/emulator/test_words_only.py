"""A client that only wants the words: the real SDK's SpeechRecognizer."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.limits import LIMIT_SECONDS

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

pytestmark = pytest.mark.native

_SCRIPT = (Line("one", language="de-DE"), Line("two", language="de-DE"))


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
    assert await asyncio.to_thread(done.wait, LIMIT_SECONDS)
    await asyncio.to_thread(lambda: recognizer.stop_continuous_recognition_async().get())
    for signal in (recognizer.recognized, recognizer.session_stopped):
        signal.disconnect_all()
    assert finals == ["one", "two"]
