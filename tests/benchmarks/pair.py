"""The pair: this package's STT, and its TTS that speaks each translation as it becomes final."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit import rtc
from livekit.agents import stt

from livekit_plugins_azure_interpreter import STT, TTS

from .stamps import age_ms
from .streams import Heard, Playback


class PairStream:
    """An STT, and a TTS for each spoken language, without a session; `options` are the STT's."""

    def __init__(self, endpoint: str, options: dict[str, Any]) -> None:
        self.heard = Heard()
        wanted = {"target_languages": "fr", "speech_key": "any", "speech_endpoint": endpoint, **options}
        self._stt = STT(**wanted)
        self._ttss = {
            language: TTS(self._stt, language=language) for language in wanted.get("spoken_languages", ["fr"])
        }
        self._stream = self._stt.stream()
        self._speeches: set[asyncio.Task[None]] = set()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, endpoint: str, options: dict[str, Any]) -> PairStream:
        return cls(endpoint, options)

    def push(self, frame: rtc.AudioFrame) -> None:
        self._stream.push_frame(frame)

    async def aclose(self) -> None:
        await self._stream.aclose()
        await self._reading
        for speech in tuple(self._speeches):
            speech.cancel()
        await asyncio.gather(*self._speeches, return_exceptions=True)
        await self._stt.aclose()
        for speaking in self._ttss.values():
            await speaking.aclose()

    async def _read(self) -> None:
        async for event in self._stream:
            if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                self.heard.finals += 1
                data = event.alternatives[0]
                for language, text in zip(data.target_languages or (), data.target_texts or (), strict=True):
                    speech = asyncio.create_task(self._say(str(language), text))
                    self._speeches.add(speech)
                    speech.add_done_callback(self._speeches.discard)

    async def _say(self, language: str, text: str) -> None:
        is_first = language == next(iter(self._ttss))
        ages_ms = self.heard.voice_ms if is_first else self.heard.further_voice_ms
        playback = Playback(self.heard)
        silent = True
        async with self._ttss[language].stream() as speech:
            speech.push_text(text)
            speech.end_input()
            async for audio in speech:
                if silent:
                    silent = False
                    ages_ms.append(age_ms(audio.frame.data.cast("B")))
                playback.take(audio.frame.duration)
