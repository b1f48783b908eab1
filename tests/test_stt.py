from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import fields
from typing import Any, ClassVar

import pytest
from fakes.azure import heard, untranslated, voice
from fakes.limits import within
from fakes.livekit_private import give_session_keyterms
from fakes.recognizer import FakeRecognizer, FakeService
from fakes.streams import streams_of, translations_of
from fakes.tts import tone
from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS, UtteranceMetrics
from livekit_plugins_azure_interpreter._sdk.events import Connected, Failed
from livekit_plugins_azure_interpreter._voices.translations import _ENDED_LEDGERS
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
        for _ in range(_ENDED_LEDGERS + 3):
            listener = listen(interpreter)
            listener.stream.end_input()
            await listener.ended()
        assert len(translations_of(interpreter).ledgers) == _ENDED_LEDGERS
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

    async def test_a_missing_argument_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("KEY", "REGION", "ENDPOINT", "HOST"):
            monkeypatch.delenv(f"AZURE_SPEECH_{name}", raising=False)
        with pytest.raises(ValueError, match="AZURE_SPEECH_KEY"):
            STT(target_languages="fr", speech_region="westeurope")
        with pytest.raises(ValueError, match="AZURE_SPEECH_REGION"):
            STT(target_languages="fr", speech_key="a-key")
        with pytest.raises(ValueError, match="target_languages"):
            STT(target_languages=[], speech_key="a-key", speech_region="westeurope")


class TestWhatBecameOfUtterances:
    @pytest.fixture
    async def heard_two(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, told: list[UtteranceMetrics]
    ) -> STT:
        """An STT that a TTS speaks for, and that has heard two translations and what is none."""
        interpreter: STT = make_stt()
        TTS(interpreter)
        interpreter.on("utterance_metrics_collected", told.append)
        listener = listen(interpreter)
        await until(lambda: service.recognizers and service.last.started)
        service.last.post(heard("Oui."), heard("Non."), untranslated("Hm."))
        await listener.has(SpeechEventType.FINAL_TRANSCRIPT, 3)
        return interpreter

    @pytest.fixture
    def told(self) -> list[UtteranceMetrics]:
        return []

    async def test_an_untranslated_utterance_is_reported_at_once(
        self, heard_two: STT, told: list[UtteranceMetrics]
    ) -> None:
        assert [(one.outcome, one.target_language) for one in told] == [("not_spoken", "")]

    async def test_an_utterance_is_reported_as_it_is_let_go(
        self, heard_two: STT, told: list[UtteranceMetrics]
    ) -> None:
        translation = heard_two.next_translation("Oui.")
        assert translation is not None
        heard_two.let_go(translation)
        heard_two.let_go(translation)
        assert [one.id for one in told[1:]] == [translation.utterance.id]

    async def test_an_unsaid_utterance_is_reported_when_the_stt_is_closed(
        self, heard_two: STT, told: list[UtteranceMetrics]
    ) -> None:
        await within(heard_two.aclose())
        assert [one.outcome for one in told] == ["not_spoken"] * 3
        assert heard_two.counts.outcomes == {"not_spoken": 3}

    async def test_the_rest_of_an_ended_stream_is_reported_when_it_is_forgotten(
        self, heard_two: STT, listen: Make, service: FakeService, told: list[UtteranceMetrics], until: Until
    ) -> None:
        for number in range(17):
            listener = listen(heard_two)
            await until(lambda count=number + 2: len(service.recognizers) == count and service.last.started)
            service.last.post(heard("Encore."))
            await listener.has(SpeechEventType.FINAL_TRANSCRIPT)
            await listener.aclose()
        assert len(told) == 1 + 1  # the oldest of 17, and what was not translated

    async def test_every_utterance_is_reported_at_once_if_no_tts_speaks_for_the_stt(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, told: list[UtteranceMetrics]
    ) -> None:
        interpreter = make_stt()
        interpreter.on("utterance_metrics_collected", told.append)
        listener = listen(interpreter)
        await until(lambda: service.recognizers and service.last.started)
        service.last.post(heard("Oui."))
        await listener.has(SpeechEventType.FINAL_TRANSCRIPT)
        assert [(one.outcome, one.target_language) for one in told] == [("not_spoken", "fr")]


class TestUpdateOptions:
    """What streams that are open do about it: tests/test_stream.py."""

    CHANGES: ClassVar[dict[str, Any]] = {
        "target_languages": "de",
        "source_languages": ["en-US", "it-IT"],
        "voice": None,
        "phrase_list": ["Contoso"],
        "phrase_list_weight": 2.0,
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
        assert (service.last.options.voice, len(service.last.written)) == (None, 9600)
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


class TestProbe:
    """LiveKit's FallbackAdapter opens one on an STT that failed, while another serves."""

    PROBE = APIConnectOptions(max_retry=0, timeout=4)

    @pytest.fixture
    async def probed(
        self, make_stt: Make, service: FakeService, until: Until
    ) -> AsyncIterator[tuple[Any, FakeRecognizer]]:
        """An STT that has failed, and the recognizer of its probe; another serves meanwhile."""
        other = FakeService()
        interpreter = make_stt()
        service.replies = [[Failed("AuthenticationFailure", "")]]
        adapter = stt.FallbackAdapter([interpreter, make_stt(_open_recognizer=other)], max_retry_per_stt=0)
        stream = adapter.stream()
        stream.start_time_offset = 1.0
        await until(lambda: len(service.recognizers) == 2 and service.last.started)
        yield interpreter, service.last
        await within(stream.aclose())
        await within(adapter.aclose())
        other.shut_down()

    async def test_speech_in_the_probe_of_an_adapter_is_not_reported_nor_claimed(
        self, probed: tuple[Any, FakeRecognizer], until: Until
    ) -> None:
        interpreter, recognizer = probed
        reported: list[object] = []
        interpreter.on("utterance_recognized", reported.append)
        interpreter.on("voice_lost", reported.append)
        recognizer.post(heard("Oui."), *voice(tone(440, 0.2)))
        await until(lambda: recognizer.closed)
        assert translations_of(interpreter).claim("Oui.") == []
        assert (reported, interpreter.counts.utterances) == ([], 0)

    async def test_a_stream_without_retries_or_place_is_no_probe_where_no_adapter_tries(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt()
        listen(interpreter).stream.start_time_offset = 1.0
        await until(lambda: service.recognizers and service.last.started)
        stream = listen(interpreter, conn_options=self.PROBE)
        await until(lambda: len(service.recognizers) == 2 and service.last.started)
        service.last.post(heard("Oui."))
        await stream.has(SpeechEventType.FINAL_TRANSCRIPT)
        assert interpreter.next_translation("Oui.") is not None

    async def test_a_probe_is_closed_with_the_stt(
        self, probed: tuple[Any, FakeRecognizer], until: Until
    ) -> None:
        interpreter, recognizer = probed
        await within(interpreter.aclose())
        await until(lambda: recognizer.closed)

    @pytest.mark.parametrize("max_retry", [0, 1])
    async def test_a_stream_of_a_reader_who_places_none_is_no_probe(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, max_retry: int
    ) -> None:
        interpreter = make_stt()
        stream = listen(interpreter, conn_options=APIConnectOptions(max_retry=max_retry, timeout=4))
        await until(lambda: service.recognizers and service.last.started)
        service.last.post(heard("Oui."))
        await stream.has(SpeechEventType.FINAL_TRANSCRIPT)
        assert interpreter.next_translation("Oui.") is not None
