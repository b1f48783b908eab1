"""One interpretation: a stream of an STT, and the voices of what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fakes.azure import phrase
from fakes.fixtures import Until
from fakes.limits import within
from fakes.recognizer import FakeService
from fakes.room import Audio
from livekit.agents import APIConnectOptions
from livekit.agents.stt import SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter._interpreting.pipeline import SpeakerPipeline
from livekit_plugins_azure_interpreter._sdk.events import (
    Connected,
    Failed,
    Recognized,
    VoiceChunk,
    VoiceCompleted,
)

BONJOUR = phrase("hello", "bonjour", offset=0.1)
ADIEU = phrase("farewell", "adieu")
ONCE = APIConnectOptions(max_retry=0, timeout=4)
SALUT = phrase("salut", "salut", offset=0.1, language="fr-FR")


class Booth:
    """An interpretation, all that it says, and how it ended."""

    def __init__(self, stt: STT, tts: TTS | None = None, **options: Any) -> None:
        self.ended: list[BaseException | None] = []
        self.began: list[str] = []
        self.said: list[tuple[str, bytes]] = []
        self.interpretation = SpeakerPipeline(stt, tts or TTS(stt), ended=self.ended.append, **options)
        self.over = False
        self.speaking = asyncio.create_task(self._speak())

    async def _speak(self) -> None:
        async for speech in self.interpretation:
            self.began.append(speech.data.text)
            pcm = b"".join([bytes(frame.data) async for frame in speech])
            self.said.append((speech.data.text, pcm))
        self.over = True

    async def aclose(self) -> None:
        await self.interpretation.aclose()
        await self.speaking


@pytest.fixture
async def booth(make_stt: Callable[..., STT], until: Until, service: FakeService) -> AsyncIterator[Booth]:
    booth = Booth(make_stt())
    await until(lambda: service.recognizers and service.last.started)
    yield booth
    await booth.aclose()


def voice(seed: int) -> bytes:
    return Audio().voice(0.2, seed).pcm


async def test_each_translation_is_said_in_its_voice(
    booth: Booth, service: FakeService, until: Until
) -> None:
    service.last.post(Recognized(BONJOUR), VoiceChunk(voice(1)), VoiceCompleted())
    service.last.post(Recognized(ADIEU), VoiceChunk(voice(2)), VoiceCompleted())
    await until(lambda: len(booth.said) == 2)
    assert [text for text, _ in booth.said] == ["bonjour", "adieu"]
    assert all(Audio().same(heard, voice(seed)) for seed, (_, heard) in enumerate(booth.said, 1))


async def test_the_pipeline_ends_when_all_was_said(booth: Booth, service: FakeService, until: Until) -> None:
    service.last.post(Recognized(BONJOUR), VoiceChunk(voice(1)), VoiceCompleted())
    booth.interpretation.end_input()
    await until(lambda: booth.over)
    assert len(booth.said) == 1
    assert booth.ended == [None]


async def test_speech_in_the_target_language_is_not_said_again(
    booth: Booth, service: FakeService, until: Until
) -> None:
    service.last.post(Recognized(SALUT), Recognized(ADIEU))
    service.last.post(VoiceChunk(voice(2)), VoiceCompleted())
    booth.interpretation.end_input()
    await until(lambda: booth.over)
    assert [text for text, _ in booth.said] == ["adieu"]


async def test_a_cleared_translation_is_not_said(
    make_stt: Callable[..., STT], service: FakeService, until: Until
) -> None:
    finals: list[str] = []

    def heard(event: SpeechEvent) -> None:
        if event.type is SpeechEventType.FINAL_TRANSCRIPT:
            finals.append(event.alternatives[0].text)

    booth = Booth(make_stt(), heard=heard)
    await until(lambda: service.recognizers and service.last.started)
    service.last.post(Recognized(BONJOUR), VoiceChunk(voice(1)), Recognized(ADIEU))
    await until(lambda: booth.began and finals == ["bonjour", "adieu"])
    booth.interpretation.clear()
    service.last.post(VoiceCompleted(), VoiceChunk(voice(2)), VoiceCompleted())
    booth.interpretation.end_input()
    await until(lambda: booth.over)
    assert [text for text, _ in booth.said] == ["bonjour"]
    await booth.aclose()


async def test_a_failure_is_told_after_which_it_ignores_what_is_pushed(
    booth: Booth, service: FakeService, until: Until
) -> None:
    service.last.post(Connected(), Failed("BadRequest", "no"))
    await until(lambda: booth.over)
    assert len(booth.ended) == 1
    assert "BadRequest" in str(booth.ended[0])
    booth.interpretation.push(Audio().frames(Audio().silence(0.02))[0])
    booth.interpretation.end_input()


async def test_closing_stops_at_once(booth: Booth, service: FakeService, until: Until) -> None:
    service.last.post(Recognized(BONJOUR), VoiceChunk(voice(1)))
    await until(lambda: booth.began)
    await within(booth.interpretation.aclose())
    assert service.last.closed
    assert booth.ended == [None]


async def test_speech_that_is_not_translated_is_told_and_not_said(
    make_stt: Callable[..., STT], until: Until, service: FakeService
) -> None:
    heard: list[SpeechEvent] = []
    booth = Booth(make_stt(), heard=heard.append)
    await until(lambda: service.recognizers and service.last.started)
    service.last.post(Recognized(phrase("hello", {}, offset=0.1)))
    booth.interpretation.end_input()
    await until(lambda: booth.over)
    assert [event.alternatives[0].text for event in heard if event.alternatives] == ["hello"]
    assert booth.said == []
