"""One stream that is spoken in several languages over one connection: each TTS has its own voices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from fakes.limits import within
from fakes.room import Audio
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, Emulator, Line

TEN = ("fr", "de", "ja", "es", "it", "pt", "nl", "sv", "pl", "cs")
FOUR = TEN[:4]
_AUDIO = Audio()
_EVERY_SECONDS = 0.8


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


def speech(utterances: int) -> bytes:
    bursts = [(_EVERY_SECONDS * number, _EVERY_SECONDS * number + 0.25) for number in range(utterances)]
    return _AUDIO.speech(*bursts, end=_EVERY_SECONDS * utterances + 0.6)


def utterances_in(pcm: bytes) -> int:
    return int(len(pcm) / 32000 / _EVERY_SECONDS)


def without_padding(voice: bytes) -> bytes:
    """A voice without the silence with which LiveKit may end it; these voices have none of their own."""
    return voice[: 2 * (np.flatnonzero(np.frombuffer(voice, "<i2"))[-1] + 1)] if any(voice) else b""


class Spoken:
    """An STT with a TTS for each language, and what each of them says.

    Attributes:
        voices: By language, the voice of each utterance, in order.
        lost: The (language, reason) of each lost voice.
    """

    def __init__(self, emulator: Emulator, stt: STT, languages: Sequence[str], spoken: Sequence[str]) -> None:
        self.emulator, self.stt = emulator, stt
        self.voices: dict[str, list[bytes]] = {language: [] for language in languages}
        self.lost: list[tuple[str, str]] = []
        self.metrics: list[Any] = []
        self.finals: list[Any] = []
        self._recognized = asyncio.Event()
        # Not for all: TTS refuses a language that is added only later.
        self._ttss = {language: TTS(stt, language=language) for language in spoken}
        self._said: dict[str, asyncio.Queue[str | None]] = {
            language: asyncio.Queue() for language in languages
        }
        stt.on("voice_lost", lambda lost: self.lost.append((lost.language, lost.reason)))
        stt.on("utterance_metrics_collected", self.metrics.append)
        self.stream = stt.stream()

    async def interpret(self, pcm: bytes, *, then: tuple[Mapping[str, Any], bytes] | None = None) -> None:
        """Push audio to its end, and have each language spoken to its end.

        Args:
            pcm: The audio.
            then: Options of the STT that are changed after it, and the audio after that. The first audio is
                answered before.
        """
        pushing = asyncio.create_task(self._push(pcm, then))
        speaking = [asyncio.create_task(self._speak(language)) for language in self.voices]
        await within(self._listen())
        await within(asyncio.gather(*speaking, pushing))

    async def _push(self, pcm: bytes, then: tuple[Mapping[str, Any], bytes] | None) -> None:
        for frame in _AUDIO.frames(pcm):
            self.stream.push_frame(frame)
        if then is not None:
            changes, more = then
            while len(self.finals) < utterances_in(pcm):
                self._recognized.clear()
                await self._recognized.wait()
            self.stt.update_options(**changes)
            for frame in _AUDIO.frames(more):
                self.stream.push_frame(frame)
                await asyncio.sleep(frame.duration)  # as it is said: the SDK may send audio before a change
        self.stream.end_input()

    async def _listen(self) -> None:
        async for event in self.stream:
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                data = event.alternatives[0]
                self.finals.append(data)
                self._recognized.set()
                for language, text in zip(data.target_languages, data.target_texts, strict=True):
                    if (queue := self._said.get(str(language))) is not None:
                        queue.put_nowait(text)
        for queue in self._said.values():
            queue.put_nowait(None)

    async def _speak(self, language: str) -> None:
        while (text := await self._said[language].get()) is not None:
            if language not in self._ttss:
                self._ttss[language] = TTS(self.stt, language=language)
            async with self._ttss[language].synthesize(text) as stream:
                voice = b"".join([bytes(audio.frame.data) async for audio in stream])
                self.voices[language].append(without_padding(voice))

    async def aclose(self) -> None:
        await within(self.stream.aclose())
        await within(self.stt.aclose())


Open = Callable[..., Awaitable[Spoken]]


@pytest.fixture
async def open_spoken() -> AsyncIterator[Open]:
    async with contextlib.AsyncExitStack() as stack:

        async def make(behaviour: Behaviour, languages: Sequence[str] = FOUR, **options: Any) -> Spoken:
            emulator = await stack.enter_async_context(Emulator(behaviour))
            wanted: dict[str, Any] = {
                "target_languages": languages,
                "spoken_languages": languages,
                "speech_key": "any",
                "speech_endpoint": emulator.endpoint,
            }
            wanted.update(options)
            spoken = Spoken(emulator, STT(**wanted), languages, wanted["spoken_languages"])
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

    async def test_a_fixed_source_language_is_voiced_in_all_of_them(self, open_spoken: Open) -> None:
        lines = [line(number, FOUR) for number in range(2)]
        spoken = await open_spoken(Behaviour(script=lines), source_languages="en-US")
        await spoken.interpret(speech(2))
        assert spoken.voices == heard(lines, FOUR)

    async def test_each_language_can_have_a_voice_of_its_own(self, open_spoken: Open) -> None:
        lines = [line(1, FOUR)]
        voices = {"fr": "fr-FR-DeniseNeural", "de": "personal-voice", "ja": "personal-voice", "es": None}
        spoken = await open_spoken(Behaviour(script=lines), voice=voices)
        await spoken.interpret(speech(1))
        assert spoken.voices == {**heard(lines, FOUR), "es": [b""]}


class TestChanges:
    """While the stream runs: `update_options` between two utterances."""

    async def test_a_language_is_added_without_a_new_connection(self, open_spoken: Open) -> None:
        lines = [line(number, FOUR) for number in range(4)]
        spoken = await open_spoken(Behaviour(script=lines), target_languages=["fr"], spoken_languages=["fr"])
        await spoken.interpret(
            speech(2),
            then=({"target_languages": ["fr", "de"], "spoken_languages": ["fr", "de"]}, speech(2)),
        )
        assert spoken.voices["fr"] == heard(lines, FOUR)["fr"]
        assert spoken.voices["de"] == heard(lines, FOUR)["de"][2:]
        assert (spoken.emulator.connections, spoken.lost) == (1, [])

    async def test_a_language_is_removed_without_a_new_connection(self, open_spoken: Open) -> None:
        lines = [line(number, FOUR) for number in range(4)]
        spoken = await open_spoken(Behaviour(script=lines))
        await spoken.interpret(
            speech(2), then=({"target_languages": ["de", "ja"], "spoken_languages": ["de", "ja"]}, speech(2))
        )
        assert {language: len(voices) for language, voices in spoken.voices.items()} == {
            **dict.fromkeys(("fr", "es"), 2),
            **dict.fromkeys(("de", "ja"), 4),
        }
        assert spoken.voices["de"] == heard(lines, FOUR)["de"]
        assert [str(final.language) for final in spoken.finals] == ["fr", "fr", "de", "de"]
        assert (spoken.emulator.connections, spoken.lost) == (1, [])

    async def test_a_language_that_was_only_read_gets_a_voice_without_a_new_connection(
        self, open_spoken: Open
    ) -> None:
        lines = [line(number, FOUR) for number in range(4)]
        spoken = await open_spoken(Behaviour(script=lines), voice=dict.fromkeys(FOUR))
        await spoken.interpret(speech(2), then=({"voice": "personal-voice"}, speech(2)))
        assert spoken.voices["ja"] == [b"", b"", *heard(lines, FOUR)["ja"][2:]]
        assert spoken.emulator.connections == 1

    async def test_a_language_keeps_its_voice_after_a_reconnect(self, open_spoken: Open) -> None:
        lines = [line(number, FOUR) for number in range(4)]
        spoken = await open_spoken(
            Behaviour(script=lines, faults=[Drop(at_seconds=3.4)]),
            target_languages=["fr"],
            spoken_languages=["fr"],
        )
        await spoken.interpret(
            speech(2), then=({"target_languages": ["fr", "de"], "spoken_languages": ["fr", "de"]}, speech(2))
        )
        assert spoken.voices["de"][-1] == heard(lines, FOUR)["de"][3]
        assert spoken.emulator.connections == 2
