"""One stream that is spoken in several languages over one connection: each TTS has its own voices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from fakes.limits import within
from fakes.room import Audio, by_pitch
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter._voices.utterance import Translation
from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, Emulator, Line, Voice

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


def by_number(lines: Sequence[Line]) -> Callable[[Voice], Line]:
    """Each line is known by its pitch, on whatever connection it is heard."""
    return by_pitch({300 + 130 * number: one for number, one in enumerate(lines)})


def speech(utterances: int, *, first: int = 0) -> bytes:
    """Utterances from this number on, each at its own pitch."""
    pcm = b""
    for number in range(first, first + utterances):
        pcm += _AUDIO.burst(0.25, hertz=300 + 130 * number) + _AUDIO.silence(_EVERY_SECONDS - 0.25)
    return pcm + _AUDIO.silence(0.6)


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
        self.separated: list[Any] = []
        self.usage_seconds = 0.0
        stt.on("voices_separated", self.separated.append)
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
            if event.recognition_usage is not None:
                self.usage_seconds += event.recognition_usage.audio_duration
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                data = event.alternatives[0]
                self.finals.append(data)
                self._recognized.set()
                for language, text in zip(data.target_languages, data.target_texts, strict=True):
                    if isinstance(text, Translation):
                        self._said[str(language)].put_nowait(text)
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


class TestSeparateVoices:
    """Where the service voices one language per connection."""

    async def test_a_refusal_loses_nothing_and_each_language_gets_a_connection(
        self, open_spoken: Open
    ) -> None:
        lines = [line(number, FOUR) for number in range(4)]
        spoken = await open_spoken(Behaviour(script=by_number(lines), several_voices="refused"))
        await spoken.interpret(speech(4))
        assert spoken.voices == heard(lines, FOUR)
        assert len(spoken.separated) == 1
        assert spoken.lost == []
        assert spoken.emulator.connections == 5  # the refused one, and four

    async def test_voices_that_never_come_are_noticed_within_two_utterances(self, open_spoken: Open) -> None:
        lines = [line(number, FOUR) for number in range(8)]
        behaviour = Behaviour(script=by_number(lines), several_voices="first")
        spoken = await open_spoken(behaviour, voice_timeout_seconds=1.0)
        await spoken.interpret(speech(3), then=({}, speech(5, first=3)))
        assert spoken.voices["fr"] == heard(lines, FOUR)["fr"]
        for language in FOUR[1:]:
            assert spoken.voices[language][-2:] == heard(lines, FOUR)[language][-2:]
        assert len(spoken.separated) == 1
        assert {language for language, _ in spoken.lost} == set(FOUR[1:])

    async def test_a_separation_is_remembered_for_later_streams(self, open_spoken: Open) -> None:
        lines = [line(number, FOUR) for number in range(2)]
        spoken = await open_spoken(Behaviour(script=by_number(lines), several_voices="refused"))
        await spoken.interpret(speech(2))
        refused = spoken.emulator.connections
        spoken.stream = spoken.stt.stream()
        await spoken.interpret(speech(2))
        assert spoken.emulator.connections == refused + 4
        assert len(spoken.separated) == 1
        assert {language: voices[2:] for language, voices in spoken.voices.items()} == heard(lines, FOUR)

    async def test_a_language_is_added_and_removed(self, open_spoken: Open) -> None:
        lines = [line(number, FOUR) for number in range(4)]
        spoken = await open_spoken(
            Behaviour(script=by_number(lines), several_voices="refused"), spoken_languages=["fr", "de"]
        )
        await spoken.interpret(speech(2), then=({"spoken_languages": ["fr", "ja"]}, speech(2, first=2)))
        expected = heard(lines, FOUR)
        assert spoken.voices["fr"] == expected["fr"]
        assert (spoken.voices["de"][:2], spoken.voices["ja"][-2:]) == (expected["de"][:2], expected["ja"][2:])

    async def test_the_seconds_of_every_connection_are_counted(self, open_spoken: Open) -> None:
        spoken = await open_spoken(Behaviour(script=[line(0, FOUR)] * 4, several_voices="refused"))
        await spoken.interpret(speech(2))
        assert spoken.usage_seconds == pytest.approx(4 * len(speech(2)) / 32000, abs=0.1)
