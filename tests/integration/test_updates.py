"""Options that change while a stream is open: from the next utterance on, with nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fakes.lengths import behaviour, utterance, voice
from fakes.limits import within
from fakes.room import Audio
from livekit.agents import APIConnectOptions

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter._recognition.stream_factory import StreamFactory
from livekit_plugins_azure_interpreter.emulator import Drop

from .conftest import OpenPair, Pair

_TEXTS = {"fr": "phrase", "de": "Satz", "it": "frase"}
_PATIENT = APIConnectOptions(max_retry=10, retry_interval=0.1, timeout=2.0)


def _were_said_in(pair: Pair, audio: Audio, *targets: str) -> None:
    """Utterance 1 and those that follow were each translated into these languages, and voiced in them."""
    numbered = list(enumerate(targets, 1))
    assert [final.text for final in pair.finals] == [
        f"{_TEXTS[target]} {number}" for number, target in numbered
    ]
    assert [str(final.language) for final in pair.finals] == list(targets)
    voices = [voice(number, target) for number, target in numbered]
    assert [audio.same(*pair_of) for pair_of in zip(pair.voices, voices, strict=True)] == [True] * len(voices)
    assert pair.lost == []


class TestTargetLanguage:
    async def test_the_target_changes_at_the_next_utterance_and_the_voice_follows(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        pair = await open_pair(behaviour())
        listening = asyncio.create_task(pair.listen())
        for number, target in enumerate(("fr", "de", "fr", "de"), 1):
            pair.stt.update_options(target_languages=target)
            pair.push(utterance(number))
            await asyncio.sleep(0)
        pair.stream.end_input()
        await within(listening)
        _were_said_in(pair, audio, "fr", "de", "fr", "de")
        assert pair.errors == []

    async def test_times_go_on(self, open_pair: OpenPair) -> None:
        pair = await open_pair(behaviour())
        listening = asyncio.create_task(pair.listen())
        pair.push(utterance(1))
        await asyncio.sleep(0)
        pair.stt.update_options(target_languages="de")
        pair.push(utterance(2))
        pair.stream.end_input()
        await within(listening)
        starts = [final.start_time for final in pair.finals]
        assert starts == [pytest.approx(0.2, abs=0.05), pytest.approx(1.1 + 0.2, abs=0.05)]

    async def test_an_utterance_under_way_is_not_cut_in_two(
        self, open_pair: OpenPair, audio: Audio, until: Callable[..., Any]
    ) -> None:
        pair = await open_pair(behaviour())
        first, second = utterance(8), utterance(3)
        pair.push(first[: len(first) // 2])
        await pair.listen_until("start_of_speech")
        pair.stt.update_options(target_languages="de")
        listening = asyncio.create_task(pair.listen())
        pair.push(first[len(first) // 2 :] + audio.silence(0.5))
        await until(lambda: pair.finals)
        pair.push(audio.silence(1.0) + second)
        pair.stream.end_input()
        await within(listening)
        assert [final.text for final in pair.finals] == ["phrase 8", "Satz 3"]

    async def test_the_last_of_several_changes_counts(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(behaviour())
        listening = asyncio.create_task(pair.listen())
        pair.push(utterance(1))
        await asyncio.sleep(0)
        for target in ("de", "fr", "de", "it"):
            pair.stt.update_options(target_languages=target)
            await asyncio.sleep(0)
        pair.push(utterance(2))
        pair.stream.end_input()
        await within(listening)
        _were_said_in(pair, audio, "fr", "it")
        assert (pair.emulator.connections, pair.errors) == (2, [])

    async def test_a_change_during_silence_takes_effect_at_once(
        self, open_pair: OpenPair, audio: Audio, until: Callable[..., Any]
    ) -> None:
        """The microphone is off: no audio comes at all, then speech at once."""
        pair = await open_pair(behaviour())
        listening = asyncio.create_task(pair.listen())
        pair.push(utterance(1))
        await until(lambda: len(pair.voices) == 1)
        pair.stt.update_options(target_languages="de")
        await asyncio.sleep(0.2)
        pair.push(utterance(2)[len(audio.silence(0.2)) :])
        pair.stream.end_input()
        await within(listening)
        _were_said_in(pair, audio, "fr", "de")
        assert pair.errors == []

    async def test_a_change_before_the_first_sound_applies_from_the_beginning(
        self, open_pair: OpenPair, audio: Audio, until: Callable[..., Any]
    ) -> None:
        """The stream is connected, and the microphone still off."""
        pair = await open_pair(behaviour())
        listening = asyncio.create_task(pair.listen())
        await until(lambda: pair.emulator.connections == 1)
        pair.stt.update_options(target_languages="de")
        pair.push(utterance(1))
        pair.stream.end_input()
        await within(listening)
        _were_said_in(pair, audio, "de")
        assert pair.errors == []

    async def test_a_change_that_is_undone_in_time_is_no_change(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        pair = await open_pair(behaviour())
        listening = asyncio.create_task(pair.listen())
        pair.push(utterance(1)[:9600])
        await asyncio.sleep(0)
        for target in ("fr", "de", "fr"):
            pair.stt.update_options(target_languages=target)
        pair.push(utterance(1)[9600:] + utterance(2))
        pair.stream.end_input()
        await within(listening)
        _were_said_in(pair, audio, "fr", "fr")
        assert (pair.emulator.connections, pair.errors) == (1, [])


class TestReconnect:
    @pytest.mark.parametrize("at_seconds", [0.4, 0.9, 1.5, 2.2])
    async def test_a_connection_that_drops_around_a_change_loses_nothing(
        self, open_pair: OpenPair, audio: Audio, other_voice: Any, at_seconds: float
    ) -> None:
        """In the first utterance, after it, and in each of the next connection's."""
        pair = await open_pair(behaviour(faults=[Drop(at_seconds)]), fallback=other_voice)
        listening = asyncio.create_task(pair.listen())
        pair.push(utterance(1))
        await asyncio.sleep(0)
        pair.stt.update_options(target_languages="de")
        pair.push(utterance(2) + utterance(3))
        pair.stream.end_input()
        await within(listening)
        assert [final.text for final in pair.finals] == ["phrase 1", "Satz 2", "Satz 3"]
        expected = [voice(1, "fr"), voice(2, "de"), voice(3, "de")]
        for heard, own, final in zip(pair.voices, expected, pair.finals, strict=True):
            assert audio.same(heard, own) or audio.same(heard, other_voice.pcm(final.text))
        assert pair.errors == []

    @pytest.mark.parametrize("changed", ["before", "while away"])
    async def test_earlier_speech_keeps_the_options_of_its_time_after_a_reconnect(
        self, open_pair: OpenPair, audio: Audio, until: Callable[..., Any], changed: str
    ) -> None:
        """The service is away for longer than an attempt: another one sends all of it again."""
        pair = await open_pair(behaviour())
        await pair.stream.aclose()
        pair.stream = pair.stt.stream(conn_options=_PATIENT)
        listening = asyncio.create_task(pair.listen())
        pair.push(audio.silence(0.1))
        await until(lambda: pair.emulator.connections == 1)
        await pair.emulator.aclose()
        pair.push(utterance(1))
        await asyncio.sleep(0)
        if changed == "while away":
            await until(lambda: pair.errors)
        pair.stt.update_options(target_languages="de")
        pair.push(utterance(2))
        await asyncio.sleep(0)
        pair.stt.update_options(target_languages="it")
        pair.push(utterance(3))
        pair.stream.end_input()
        await until(lambda: pair.errors)
        await pair.emulator.start()
        await within(listening, 20)
        _were_said_in(pair, audio, "fr", "de", "it")
        assert all(error.recoverable for error in pair.errors)

    async def test_one_that_waits_for_the_end_of_an_utterance_still_waits(
        self, open_pair: OpenPair, audio: Audio, until: Callable[..., Any]
    ) -> None:
        pair = await open_pair(behaviour())
        await pair.stream.aclose()
        pair.stream = pair.stt.stream(conn_options=_PATIENT)
        listening = asyncio.create_task(pair.listen())
        said = utterance(6)
        pair.push(said[: len(said) // 2])
        await until(lambda: pair.of("start_of_speech"))
        pair.stt.update_options(target_languages="de")
        await pair.emulator.aclose()
        await until(lambda: pair.errors)
        await pair.emulator.start()
        pair.push(said[len(said) // 2 :] + utterance(2))
        pair.stream.end_input()
        await within(listening, 20)
        assert [final.text for final in pair.finals] == ["phrase 6", "Satz 2"]


class TestOtherOptions:
    @pytest.mark.parametrize(
        ("changes", "found"),
        [
            ({"source_languages": ["en-US", "es-MX"]}, [["UND"], ["en-US", "es-MX"]]),
            ({"phrase_list": ["LiveKit"], "phrase_list_weight": 2.0}, [None, (["LiveKit"], 2.0)]),
            ({"voice": "fr-FR-DeniseNeural"}, [{"fr": "personal-voice"}, {"fr": "fr-FR-DeniseNeural"}]),
            ({"segmentation_silence_timeout_ms": 300}, [None, 300]),
            ({"segmentation_max_time_ms": 20000}, [None, 20000]),
            ({"segmentation_strategy": "Semantic"}, [None, "Semantic"]),
        ],
        ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
    )
    async def test_azure_is_asked_for_it_from_the_next_utterance_on(
        self, open_pair: OpenPair, audio: Audio, changes: dict[str, Any], found: Sequence[Any]
    ) -> None:
        pair = await open_pair(behaviour())
        listening = asyncio.create_task(pair.listen())
        pair.push(utterance(1))
        await asyncio.sleep(0)
        pair.stt.update_options(**changes)
        pair.push(utterance(2))
        pair.stream.end_input()
        await within(listening)
        _were_said_in(pair, audio, "fr", "fr")
        assert pair.errors == []
        # By utterance: the two connections are opened at the same moment, and arrive in any order.
        contexts = [pair.contexts.of(f"sentence {number}") for number in (1, 2)]
        assert [_asked_for(next(iter(changes)), context) for context in contexts] == found
        assert pair.emulator.connections == 2

    async def test_text_goes_on_without_a_voice_and_earlier_speech_is_voiced(
        self, open_pair: OpenPair, audio: Audio, other_voice: Any
    ) -> None:
        pair = await open_pair(behaviour(), fallback=other_voice)
        listening = asyncio.create_task(pair.listen())
        for number, wanted in enumerate(("personal-voice", None, "fr-FR-DeniseNeural"), 1):
            pair.stt.update_options(voice=wanted)
            pair.push(utterance(number))
            await asyncio.sleep(0)
        pair.stream.end_input()
        await within(listening)
        expected = [voice(1, "fr"), other_voice.pcm("phrase 2"), voice(3, "fr")]
        assert [audio.same(*heard) for heard in zip(pair.voices, expected, strict=True)] == [True] * 3
        assert (pair.lost, pair.errors) == ([], [])

    async def test_a_language_of_the_stream_is_kept_even_if_it_was_that_of_all(
        self, open_pair: OpenPair
    ) -> None:
        pair = await open_pair(behaviour(), source_languages="en-US")
        await pair.stream.aclose()
        pair.stream = pair.stt.stream(language="en-US")
        pair.stt.update_options(source_languages=["de-DE", "es-ES"], target_languages="it")
        await pair.interpret(utterance(1))
        assert pair.asked[-1]["phraseDetection"]["language"] == "en-US"
        assert [final.text for final in pair.finals] == ["frase 1"]

    def test_a_mistake_changes_nothing(self) -> None:
        stt = STT(target_languages="fr", speech_key="any", speech_region="westeurope", phrase_list=["a"])
        with pytest.raises(ValueError, match="target_languages"):
            stt.update_options(target_languages=[], phrase_list=["b"])
        options = StreamFactory.of(stt).options
        assert (options.target_languages, options.phrase_list) == (("fr",), ("a",))


def _asked_for(option: str, context: dict[str, Any]) -> Any:
    """What a `speech.context` asks for, by the name of our option."""
    segmentation = context["phraseDetection"].get("CONVERSATION", {}).get("segmentation", {})
    if option == "phrase_list":
        phrases = context.get("dgi")
        return phrases and ([item["Text"] for item in phrases["Groups"][0]["Items"]], phrases["bias"])
    return {
        "source_languages": context["languageId"]["languages"],
        "voice": context["synthesis"]["defaultVoices"],
        "segmentation_silence_timeout_ms": segmentation.get("segmentationSilenceTimeoutMs"),
        "segmentation_max_time_ms": segmentation.get("segmentationForcedTimeoutMs"),
        "segmentation_strategy": segmentation.get("mode") or None,
    }[option]


class TestInASession:
    async def test_the_target_changes_amid_a_conversation_and_every_voice_is_heard_whole(
        self, enter_room: Any, audio: Audio
    ) -> None:
        room = await enter_room(behaviour())
        said = ("fr", "de", "it", "de")
        for number, target in enumerate(said, 1):
            room.stt.update_options(target_languages=target)
            room.microphone.speak(utterance(number))
            # The voice of the one before is still being played.
            await room.speaker.until_begun(number)
        await room.speaker.until_played(len(said))
        assert room.heard([voice(number, target) for number, target in enumerate(said, 1)])
        assert (room.speaker.cut, room.lost, room.errors) == (0, [], [])
