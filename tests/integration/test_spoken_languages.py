"""One stream that is spoken in several languages over one connection: each TTS has its own voices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from fakes.limits import within
from fakes.room import Audio
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line

TEN = ("fr", "de", "ja", "es", "it", "pt", "nl", "sv", "pl", "cs")
FOUR = TEN[:4]
_AUDIO = Audio()


def line(number: int, languages: Sequence[str]) -> Line:
    """A line with its own voice in each language."""
    return Line(
        f"sentence {number}",
        "en-US",
        {language: f"{language} {number}" for language in languages},
        {
            language: _AUDIO.voice(0.2 + 0.05 * at, seed=100 * number + at)
            for at, language in enumerate(languages)
        },
    )


def speech(utterances: int, *, every_seconds: float = 0.8) -> bytes:
    bursts = [(every_seconds * number, every_seconds * number + 0.25) for number in range(utterances)]
    return _AUDIO.speech(*bursts, end=every_seconds * utterances + 0.6)


class Spoken:
    """An STT with a TTS for each language, and what each of them says.

    Attributes:
        voices: By language, the voice of each utterance, in order.
        lost: The (language, reason) of each lost voice.
    """

    def __init__(self, emulator: Emulator, stt: STT, languages: Sequence[str]) -> None:
        self.emulator, self.stt = emulator, stt
        self.voices: dict[str, list[bytes]] = {language: [] for language in languages}
        self.lost: list[tuple[str, str]] = []
        self.metrics: list[Any] = []
        self.finals: list[Any] = []
        self._ttss = {language: TTS(stt, language=language) for language in languages}
        self._speaking: list[asyncio.Task[None]] = []
        self._said: dict[str, asyncio.Queue[str | None]] = {
            language: asyncio.Queue() for language in languages
        }
        stt.on("voice_lost", lambda lost: self.lost.append((lost.language, lost.reason)))
        stt.on("utterance_metrics_collected", self.metrics.append)
        self.stream = stt.stream()

    async def interpret(self, pcm: bytes) -> None:
        """Push audio to its end, and have each language spoken to its end."""
        for frame in _AUDIO.frames(pcm):
            self.stream.push_frame(frame)
        self.stream.end_input()
        speaking = [asyncio.create_task(self._speak(language)) for language in self.voices]
        await within(self._listen())
        await within(asyncio.gather(*speaking))

    async def _listen(self) -> None:
        async for event in self.stream:
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                data = event.alternatives[0]
                self.finals.append(data)
                for language, text in zip(data.target_languages, data.target_texts, strict=True):
                    if (queue := self._said.get(str(language))) is not None:
                        queue.put_nowait(text)
        for queue in self._said.values():
            queue.put_nowait(None)

    async def _speak(self, language: str) -> None:
        while (text := await self._said[language].get()) is not None:
            async with self._ttss[language].synthesize(text) as stream:
                self.voices[language].append(b"".join([bytes(audio.frame.data) async for audio in stream]))

    async def aclose(self) -> None:
        await within(self.stream.aclose())
        await within(self.stt.aclose())


Open = Callable[..., Awaitable[Spoken]]


@pytest.fixture
async def open_spoken() -> AsyncIterator[Open]:
    async with contextlib.AsyncExitStack() as stack:

        async def make(behaviour: Behaviour, languages: Sequence[str] = FOUR, **options: Any) -> Spoken:
            emulator = await stack.enter_async_context(Emulator(behaviour))
            wanted = {
                "target_languages": languages,
                "spoken_languages": languages,
                "speech_key": "any",
                "speech_endpoint": emulator.endpoint,
            }
            spoken = Spoken(emulator, STT(**{**wanted, **options}), languages)
            stack.push_async_callback(spoken.aclose)
            return spoken

        yield make


def heard(lines: Sequence[Line], languages: Sequence[str]) -> dict[str, list[bytes]]:
    return {language: [line.voices[language].pcm for line in lines] for language in languages}


class TestOneConnection:
    async def test_ten_languages_of_sixty_utterances_are_heard_whole_and_in_order(
        self, open_spoken: Open
    ) -> None:
        lines = [line(number, TEN) for number in range(60)]
        spoken = await open_spoken(Behaviour(script=lines), TEN)
        await spoken.interpret(speech(60))
        assert spoken.voices == heard(lines, TEN)
        assert (spoken.emulator.connections, spoken.lost) == (1, [])
        assert {one.outcome for one in spoken.metrics} == {"voiced"}
        assert len(spoken.metrics) == 600
