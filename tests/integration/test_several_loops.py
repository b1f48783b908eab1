"""What is made once and used in one `asyncio.run` after another, without being closed in between."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fakes.limits import within
from fakes.room import Audio

from livekit_plugins_azure_interpreter import STT, TTS, PersonalVoiceTTS, TranslationModel
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, synthesize

LINE = Audio().line(1, 0.3)
SPEECH = Audio().speech((0.2, 0.7), end=1.1)


class Service:
    """An emulator in a thread of its own, which outlives the loops of a test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.emulator = Emulator(Behaviour(script=[LINE]))
        self._run(self.emulator.start())
        self.where = {"speech_key": "any", "speech_endpoint": self.emulator.endpoint}

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10.0)

    def stop(self) -> None:
        self._run(self.emulator.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._loop.close()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


async def _pcm(stream: Any) -> bytes:
    async with stream:
        return b"".join([bytes(audio.frame.data) async for audio in stream])


async def _spoken(voice: PersonalVoiceTTS) -> bytes:
    stream = voice.stream()
    stream.push_text("Hello.")
    stream.end_input()
    return await within(_pcm(stream))


def test_a_voice_speaks_in_each(service: Service) -> None:
    voice = PersonalVoiceTTS(voice="fr-FR-DeniseNeural", **service.where)

    async def speak() -> None:
        assert await _spoken(voice) == synthesize("Hello.", 0.5, 24000).pcm

    async def speak_and_close() -> None:
        await speak()
        await within(voice.aclose())

    for _ in range(2):
        asyncio.run(speak())
    asyncio.run(speak_and_close())
    assert service.emulator.synthesis_connections == 3


def test_a_voice_that_was_warmed_in_one_speaks_in_the_next(service: Service) -> None:
    voice = PersonalVoiceTTS(voice="fr-FR-DeniseNeural", **service.where)

    async def warm() -> None:
        voice.prewarm()

    async def speak() -> None:
        assert await _spoken(voice) == synthesize("Hello.", 0.5, 24000).pcm
        await within(voice.aclose())

    asyncio.run(warm())
    asyncio.run(speak())


def test_a_pair_interprets_in_each(service: Service) -> None:
    stt = STT(target_languages="fr", **service.where)
    tts = TTS(stt)

    async def interpret() -> None:
        voices = [await _interpreted(stt, tts)]
        assert voices == [LINE.voices["fr"].pcm]

    for _ in range(2):
        asyncio.run(interpret())


async def _interpreted(stt: STT, tts: TTS) -> bytes:
    stream = stt.stream()
    for frame in Audio().frames(SPEECH):
        stream.push_frame(frame)
    stream.end_input()

    async def listen() -> bytes:
        async for event in stream:
            if event.type.value == "final_transcript":
                return await _pcm(tts.synthesize(event.alternatives[0].text))
        return b""

    return await within(listen())


def test_a_translation_model_has_sessions_in_each(service: Service) -> None:
    model = TranslationModel(target_language="fr", **service.where)

    async def translate() -> None:
        session = model.session()
        for frame in Audio().frames(SPEECH):
            session.push_audio(frame)
        session.end_input()
        pcm = await within(_translated(session.audio_stream))
        assert Audio().same(pcm, LINE.voices["fr"].pcm)

    for _ in range(2):
        asyncio.run(translate())


async def _translated(events: AsyncIterator[Any]) -> bytes:
    return b"".join([bytes(event.frame.data) async for event in events if hasattr(event, "frame")])


def test_an_emulator_serves_in_each() -> None:
    emulator = Emulator()

    async def serve() -> None:
        async with emulator:
            voice = PersonalVoiceTTS(
                voice="fr-FR-DeniseNeural", speech_key="any", speech_endpoint=emulator.endpoint
            )
            assert await _spoken(voice) == synthesize("Hello.", 0.5, 24000).pcm
            await within(voice.aclose())

    for _ in range(2):
        asyncio.run(serve())
