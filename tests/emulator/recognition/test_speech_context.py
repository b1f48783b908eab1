from __future__ import annotations

import json
import math
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator.recognition.speech_context import (
    Detection,
    LanguageChange,
    SpeechContext,
)
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message, WireError


class TestSpeechContext:
    def _parse(self, context: Any) -> SpeechContext:
        return SpeechContext.parse(
            Message("speech.context", {"X-RequestId": "r1"}, json.dumps(context).encode())
        )

    def _context(self, **more: Any) -> dict[str, Any]:
        translation = {"targetLanguages": ["fr", "de"], "onSuccess": {"action": "Synthesize"}}
        voices = {"synthesizedLanguages": ["fr"], "defaultVoices": {"fr": "personal-voice"}}
        return {"translation": translation, "synthesis": voices, "audio": {"streams": {"1": None}}, **more}

    def test_it_asks_for_all_target_languages(self) -> None:
        assert self._parse(self._context()).targets == ("fr", "de")

    def test_it_asks_for_the_voices_of_the_synthesized_languages(self) -> None:
        voices = {"fr": "a voice", "de": "another", "it": "a third"}
        context = self._context(synthesis={"synthesizedLanguages": ["de", "fr"], "defaultVoices": voices})
        assert self._parse(context).voiced_languages == ("de", "fr")

    @pytest.mark.parametrize("named", [{}, {"synthesizedLanguages": []}])
    def test_a_synthesis_that_names_no_language_asks_for_all_that_have_a_voice(
        self, named: dict[str, Any]
    ) -> None:
        context = self._context(synthesis={"defaultVoices": {"fr": "a voice", "de": "another"}, **named})
        assert self._parse(context).voiced_languages == ("fr", "de")

    def test_voices_come_in_the_order_of_the_targets(self) -> None:
        context = self._context(synthesis={"defaultVoices": {"de": "a voice", "fr": "another"}})
        assert self._parse(context).voiced_languages == ("fr", "de")

    @pytest.mark.parametrize("named", [{}, {"synthesizedLanguages": ["it", "fr"]}])
    def test_a_voice_in_a_language_that_is_no_target_is_not_asked_for(self, named: dict[str, Any]) -> None:
        voices = {"it": "a voice", "fr": "another"}
        context = self._context(synthesis={"defaultVoices": voices, **named})
        assert self._parse(context).voiced_languages == ("fr",)

    def test_it_asks_for_no_voice_without_a_synthesis(self) -> None:
        context = self._context()
        del context["synthesis"]
        assert self._parse(context).voiced_languages == ()

    def test_it_asks_for_no_voice_when_success_does_not_synthesize(self) -> None:
        context = self._context(translation={"targetLanguages": ["fr"], "onSuccess": {"action": "None"}})
        assert self._parse(context).voiced_languages == ()

    def test_a_turn_that_continues_nothing_begins_where_the_last_one_ended(self) -> None:
        assert self._parse(self._context()).start_seconds is None

    def test_a_continuation_without_audio_begins_at_the_start(self) -> None:
        assert self._parse(self._context(continuation={"previousServiceTag": "s"})).start_seconds == 0.0

    def test_a_continuation_begins_at_its_offset(self) -> None:
        continuation = {"token": "t", "audio": {"streams": {"1": {"offset": "9000000"}}}}
        assert self._parse(self._context(continuation=continuation)).start_seconds == 0.9

    def test_a_continuation_without_a_stream_begins_at_the_start(self) -> None:
        continuation = {"token": "t", "audio": {"streams": {"1": None}}}
        assert self._parse(self._context(continuation=continuation)).start_seconds == 0.0

    def test_a_request_without_a_translation_asks_for_words_only(self) -> None:
        request = self._parse({"phraseDetection": {"mode": "CONVERSATION", "language": "en-us"}})
        assert (request.targets, request.voiced_languages) == (None, ())

    def test_a_request_may_ask_for_speakers(self) -> None:
        wanted = {"phraseDetection": {"speakerDiarization": {"mode": "Anonymous"}}}
        assert self._parse(wanted).speakers
        assert not self._parse({"phraseDetection": {"speakerDiarization": None}}).speakers

    def test_a_language_that_is_named_twice_is_spoken_once(self) -> None:
        context = self._context(synthesis={"synthesizedLanguages": ["fr", "fr"]})
        assert self._parse(context).voiced_languages == ("fr",)

    def test_it_belongs_to_the_turn_of_its_message(self) -> None:
        assert self._parse({}).request_id == "r1"

    @pytest.mark.parametrize(
        "context",
        [
            pytest.param([], id="a list"),
            pytest.param({"translation": []}, id="translation is a list"),
            pytest.param({"translation": {"targetLanguages": None}}, id="no targets"),
            pytest.param({"translation": {"targetLanguages": [1, {}]}}, id="targets are no strings"),
            pytest.param({"translation": {"targetLanguages": "fr"}}, id="targets are a string"),
            pytest.param({"translation": {"targetLanguages": ["fr"] * 201}}, id="too many targets"),
            pytest.param({"phraseDetection": {"initialSilenceTimeout": -1}}, id="a negative time"),
            pytest.param({"phraseDetection": {"initialSilenceTimeout": "soon"}}, id="a time is no number"),
            pytest.param({"phraseDetection": {"mode": 7}}, id="the mode is a number"),
            pytest.param(
                {"continuation": {"audio": {"streams": {"1": {"offset": float("inf")}}}}}, id="endless offset"
            ),
            pytest.param({"continuation": {"audio": {"streams": {"1": {"offset": "x"}}}}}, id="no offset"),
        ],
    )
    def test_a_context_of_another_shape_is_a_wire_error(self, context: Any) -> None:
        with pytest.raises(WireError, match=r"speech\.context"):
            self._parse(context)


class TestDetection:
    def _parse(self, **wanted: Any) -> Detection:
        return Detection.parse(wanted)

    def test_nothing_wanted_leaves_everything_to_the_service(self) -> None:
        assert self._parse() == Detection()

    @pytest.mark.parametrize(
        ("mode", "is_single"), [("INTERACTIVE", True), ("Interactive", True), ("CONVERSATION", False)]
    )
    def test_the_mode_says_whether_the_turn_is_for_one_phrase(self, mode: str, is_single: bool) -> None:
        assert self._parse(mode=mode).is_single is is_single

    @pytest.mark.parametrize(("timeout_ms", "seconds"), [(3000, 3.0), ("700", 0.7), (0, math.inf)])
    def test_silence_timeouts_are_milliseconds_of_which_0_is_none(
        self, timeout_ms: Any, seconds: float
    ) -> None:
        detection = self._parse(initialSilenceTimeout=timeout_ms, trailingSilenceTimeout=timeout_ms)
        assert (detection.initial_silence_seconds, detection.trailing_silence_seconds) == (seconds, seconds)

    def test_the_segmentation_is_that_of_the_mode(self) -> None:
        segmentation = {"segmentationSilenceTimeoutMs": 900, "segmentationForcedTimeoutMs": 25000}
        wanted = {"CONVERSATION": {"segmentation": segmentation}}
        detection = self._parse(mode="CONVERSATION", **wanted)
        assert (detection.segment_silence_ms, detection.longest_seconds) == (900, 25.0)
        assert self._parse(mode="INTERACTIVE", **wanted).segment_silence_ms is None

    @pytest.mark.parametrize(
        ("detection", "own_seconds", "has_heard", "seconds"),
        [
            (Detection(), 15.0, False, 15.0),
            (Detection(), None, False, math.inf),
            (Detection(is_single=True), 15.0, False, 5.0),
            (Detection(initial_silence_seconds=2.0), 15.0, False, 2.0),
            (Detection(initial_silence_seconds=2.0), 15.0, True, 15.0),
            (Detection(trailing_silence_seconds=2.0), 15.0, True, 2.0),
        ],
    )
    def test_silence_ends_a_turn_after_the_clients_time_or_the_services(
        self, detection: Detection, own_seconds: float | None, has_heard: bool, seconds: float
    ) -> None:
        assert detection.silence_seconds(own_seconds, has_heard=has_heard) == seconds


class TestLanguageChange:
    def _parse(self, event: Any) -> LanguageChange | None:
        return LanguageChange.parse(Message("event", {}, json.dumps(event).encode()))

    def test_a_change_names_the_targets_and_leaves_the_voices(self) -> None:
        assert self._parse({"name": "updateLanguage", "to": ["fr", "de"]}) == LanguageChange(
            ("fr", "de"), None
        )

    def test_a_change_may_name_the_voices(self) -> None:
        voices = {"defaultVoices": {"de": "a voice", "fr": "another", "it": "of one that was removed"}}
        change = self._parse({"name": "updateLanguage", "to": ["fr", "de"], "synthesis": voices})
        assert change == LanguageChange(("fr", "de"), ("fr", "de"))

    def test_another_event_is_no_change(self) -> None:
        assert self._parse({"name": "other"}) is None

    @pytest.mark.parametrize("wrong", [{"to": 1}, {}, {"to": ["fr"], "synthesis": []}, {"to": [1]}])
    def test_a_change_of_another_shape_is_a_wire_error(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(WireError, match="updateLanguage needs lists of languages"):
            self._parse({"name": "updateLanguage", **wrong})


@pytest.mark.parametrize(("named", "is_single"), [({}, True), ({"mode": "CONVERSATION"}, False)])
def test_a_context_without_a_mode_is_in_that_of_the_address(named: dict[str, Any], is_single: bool) -> None:
    message = Message("speech.context", {}, json.dumps({"phraseDetection": named}).encode())
    assert SpeechContext.parse(message, "interactive").detection.is_single is is_single
