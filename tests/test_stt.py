from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any, ClassVar

import pytest
from fakes.azure import heard, voice
from fakes.limits import within
from fakes.livekit_private import give_session_keyterms
from fakes.recognizer import FakeService
from fakes.streams import streams_of, translations_of
from fakes.tts import tone
from livekit import rtc
from livekit.agents.stt import FallbackAdapter, SpeechEventType

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter import stt as stt_module
from livekit_plugins_azure_interpreter._recognition.stream_factory import StreamFactory
from livekit_plugins_azure_interpreter._sdk.events import Connected
from livekit_plugins_azure_interpreter._voices.translations import _ENDED_STREAMS
from livekit_plugins_azure_interpreter._voices.utterance import Utterance
from livekit_plugins_azure_interpreter.options import Options

Until = Callable[[Callable[[], object]], Awaitable[None]]
Make = Callable[..., Any]

FINAL = SpeechEventType.FINAL_TRANSCRIPT


def frame(seconds: float, rate: int = 16000, channels: int = 1) -> rtc.AudioFrame:
    count = round(seconds * rate)
    return rtc.AudioFrame(b"\x10\x00" * channels * count, rate, channels, count)


def pcm(utterance: Utterance) -> bytes:
    return b"".join(samples.pcm for samples in utterance.samples)


class TestStreams:
    async def test_voices_of_two_are_never_mixed_up(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt()
        first, second = listen(interpreter), listen(interpreter)
        await until(lambda: len(service.recognizers) == 2)
        one, other = service.recognizers
        one.post(heard("un"))
        other.post(heard("deux"))
        await first._until(lambda: first.finals or second.finals)
        await until(lambda: len(first.finals) + len(second.finals) == 2)
        other.post(*voice(tone(880, 0.1)))
        one.post(*voice(tone(440, 0.1)))
        for listener in (first, second):
            listener.stream.end_input()
            await listener.ended()
        assert pcm(translations_of(interpreter).claim("un")[0]) == tone(440, 0.1)
        assert pcm(translations_of(interpreter).claim("deux")[0]) == tone(880, 0.1)

    async def test_many_streams_that_have_ended_are_forgotten(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Connected(), heard("Oui.")]]
        interpreter = make_stt()
        for _ in range(_ENDED_STREAMS + 3):
            listener = listen(interpreter)
            listener.stream.end_input()
            await listener.ended()
        assert len(translations_of(interpreter).streams) == _ENDED_STREAMS
        assert streams_of(interpreter).open == {}


class TestNextTranslation:
    async def test_equal_texts_are_handed_out_once_each_in_order(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Connected(), heard("Oui."), heard("Oui.", offset=2.0)]]
        interpreter = make_stt()
        listener = listen(interpreter)
        listener.stream.end_input()
        await listener.ended()
        first, second = (interpreter.next_translation("Oui.") for _ in range(2))
        assert first == second == "Oui."
        assert first is listener.finals[0].text
        assert second is listener.finals[1].text
        assert interpreter.next_translation("Oui.") is None

    async def test_other_words_are_none(self, make_stt: Make) -> None:
        assert make_stt().next_translation("Oui.") is None


class TestInterface:
    async def test_an_stt_names_its_model_and_provider(self, make_stt: Make) -> None:
        interpreter = make_stt()
        assert (interpreter.model, interpreter.provider) == ("live-interpreter", "Azure")

    async def test_an_stt_streams_with_interim_results(self, make_stt: Make) -> None:
        capabilities = make_stt().capabilities
        assert (capabilities.streaming, capabilities.interim_results) == (True, True)

    @pytest.mark.parametrize("manual_flush", [False, True])
    async def test_an_stt_takes_a_flush_if_it_is_told_to(self, make_stt: Make, manual_flush: bool) -> None:
        interpreter = make_stt(manual_flush=manual_flush)
        adapter = FallbackAdapter([interpreter, make_stt(manual_flush=True)])
        assert interpreter.capabilities.manual_flush is manual_flush
        assert adapter.capabilities.manual_flush is manual_flush
        await adapter.aclose()

    async def test_an_sdk_that_takes_no_flush_is_refused_only_where_one_is_wanted(
        self, make_stt: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stt_module, "takes_commits", lambda: False)
        assert not make_stt().capabilities.manual_flush
        with pytest.raises(ValueError, match=r"manual_flush needs version 1\.52"):
            make_stt(manual_flush=True)

    async def test_a_missing_argument_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("KEY", "REGION", "ENDPOINT", "HOST"):
            monkeypatch.delenv(f"AZURE_SPEECH_{name}", raising=False)
        with pytest.raises(ValueError, match="AZURE_SPEECH_KEY"):
            STT(target_languages="fr", speech_region="westeurope")
        with pytest.raises(ValueError, match="AZURE_SPEECH_REGION"):
            STT(target_languages="fr", speech_key="a-key")
        with pytest.raises(ValueError, match="target_languages"):
            STT(target_languages=[], speech_key="a-key", speech_region="westeurope")

    async def test_two_languages_take_the_place_of_targets(self, make_stt: Make) -> None:
        with pytest.raises(ValueError, match="leave target_languages and spoken_languages out"):
            make_stt(between=("en", "fr"))
        interpreter = make_stt(target_languages=(), between=("en", "français"))
        assert StreamFactory.of(interpreter).options.targets == ("en", "fr")
        with pytest.raises(ValueError, match="change between, not target_languages"):
            interpreter.update_options(target_languages="de")
        interpreter.update_options(between=("en", "de"))
        assert StreamFactory.of(interpreter).options.spoken == ("en", "de")
        with pytest.raises(ValueError, match="between takes two different languages"):
            interpreter.update_options(between=("en", "en-GB"))
        assert StreamFactory.of(interpreter).options.between == ("en", "de")

    async def test_two_languages_are_not_added_to_targets(self, make_stt: Make) -> None:
        with pytest.raises(ValueError, match="make another STT"):
            make_stt().update_options(between=("en", "de"))

    async def test_a_glossary_with_a_mistake_is_refused(self, make_stt: Make) -> None:
        with pytest.raises(ValueError, match="glossary: Azure does not translate to 'gsw'"):
            make_stt(glossary={"gsw": {"live kit": "LiveKit"}})


class TestUpdateOptions:
    """What streams that are open do about it: tests/recognition/test_stream.py."""

    CHANGES: ClassVar[dict[str, Any]] = {
        "target_languages": "de",
        "source_languages": ["en-US", "it-IT"],
        "voice": None,
        "phrase_list": ["Contoso"],
        "phrase_list_weight": 2.0,
        "translation_category": "a-category",
        "glossary": {"fr": {"live kit": "LiveKit"}},
        "segmentation_silence_timeout_ms": 300,
        "segmentation_max_time_ms": 30_000,
        "segmentation_strategy": "Semantic",
    }

    async def _options(self, interpreter: STT, service: FakeService, until: Until, **how: Any) -> Options:
        """With which the next stream hears."""
        before = len(service.recognizers)
        stream = interpreter.stream(**how)
        await until(lambda: len(service.recognizers) > before)
        await stream.aclose()
        return service.last.options

    @pytest.mark.parametrize("name", CHANGES)
    async def test_each_is_that_of_the_next_stream_and_nothing_else_changes(
        self, make_stt: Make, service: FakeService, until: Until, name: str
    ) -> None:
        interpreter = make_stt()
        before = await self._options(interpreter, service, until)
        interpreter.update_options(**{name: self.CHANGES[name]})
        after = await self._options(interpreter, service, until)
        changed = [one.name for one in fields(after) if getattr(after, one.name) != getattr(before, one.name)]
        assert changed == [name]

    async def test_a_mistake_changes_nothing(
        self, make_stt: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt()
        with pytest.raises(ValueError, match="phrase_list_weight"):
            interpreter.update_options(target_languages="de", phrase_list_weight=3)
        assert (await self._options(interpreter, service, until)).target_languages == ("fr",)

    async def test_a_language_of_the_stream_is_its_own(
        self, make_stt: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt()
        options = await self._options(interpreter, service, until, language="es-ES")
        assert options.source_languages == ("es-ES",)

    async def test_keyterms_of_the_session_are_added_to_the_phrases_and_stay(
        self, make_stt: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt(phrase_list=["Contoso", "Jessie"])
        give_session_keyterms(interpreter, ["Jessie", "Rehaan"])
        options = await self._options(interpreter, service, until)
        assert options.phrase_list == ("Contoso", "Jessie", "Rehaan")
        interpreter.update_options(phrase_list=["Fabrikam"])
        options = await self._options(interpreter, service, until)
        assert options.phrase_list == ("Fabrikam", "Jessie", "Rehaan")

    async def test_keyterms_that_azure_does_not_take_are_left_out_with_a_warning(
        self, make_stt: Make, service: FakeService, until: Until, caplog: pytest.LogCaptureFixture
    ) -> None:
        interpreter = make_stt(phrase_list=["Contoso"])
        with caplog.at_level(logging.WARNING):
            give_session_keyterms(interpreter, ["Jes\nsie", "nul\x00", *map(str, range(10_000))])
        options = await self._options(interpreter, service, until)
        assert options.phrase_list[:3] == ("Contoso", "Jes sie", "0")
        assert len(options.phrase_list) == 2000
        assert "8003 keyterms of the session are left out" in caplog.text

    async def test_a_stream_that_is_open_is_told(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        interpreter = make_stt()
        listener = listen(interpreter)
        interpreter.update_options(target_languages="de")
        listener.stream.end_input()
        await listener.ended()
        assert service.last.options.target_languages == ("de",)


class TestLetGo:
    async def test_a_translation_that_is_let_go_keeps_no_voice(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Connected(), heard("Oui."), *voice(tone(440, 0.1))]]
        interpreter = make_stt()
        listener = listen(interpreter)
        listener.stream.end_input()
        await listener.ended()
        translation = interpreter.next_translation("Oui.")
        assert translation is not None
        interpreter.let_go(translation)
        translations = translations_of(interpreter)
        assert translations.claim("Oui.") == translations.claim(translation) == []


class TestRecognize:
    async def test_a_recording_is_one_transcript_for_which_no_voice_is_asked(
        self, make_stt: Make, service: FakeService
    ) -> None:
        service.replies = [[Connected(), heard("Oui."), heard("Non.")]]
        interpreter = make_stt()
        event = await within(interpreter.recognize([frame(0.1), frame(0.2)]))
        assert (event.type, event.alternatives[0].text) == (FINAL, "Oui. Non.")
        assert (service.last.options.voices, len(service.last.written)) == ({}, 9600)
        assert interpreter.next_translation("Oui.") is None
        assert streams_of(interpreter).unclaimed == {}

    async def test_the_language_of_a_recording_is_that_of_this_recording(
        self, make_stt: Make, service: FakeService
    ) -> None:
        interpreter = make_stt()
        await within(interpreter.recognize(frame(0.1), language="es-ES"))
        assert service.last.options.source_languages == ("es-ES",)

    async def test_a_recording_beside_a_session_stays_a_recording(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt()
        listen(interpreter).stream.start_time_offset = 1.0
        await until(lambda: service.recognizers and service.last.started)
        service.replies = [[Connected(), heard("Oui.")]]
        event = await within(interpreter.recognize(frame(0.1)))
        assert event.alternatives[0].text == "Oui."
