from __future__ import annotations

import json
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator.speech_context import SpeechContext
from livekit_plugins_azure_interpreter.emulator.wire import Message, WireError


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

    def test_it_asks_for_the_voice_of_the_first_synthesized_language(self) -> None:
        context = self._context(synthesis={"synthesizedLanguages": ["de", "fr"]})
        assert self._parse(context).voiced_language == "de"

    def test_it_asks_for_no_voice_without_a_synthesis(self) -> None:
        context = self._context()
        del context["synthesis"]
        assert self._parse(context).voiced_language is None

    def test_it_asks_for_no_voice_when_success_does_not_synthesize(self) -> None:
        context = self._context(translation={"targetLanguages": ["fr"], "onSuccess": {"action": "None"}})
        assert self._parse(context).voiced_language is None

    def test_a_first_turn_begins_at_the_start_of_the_stream(self) -> None:
        assert self._parse(self._context()).start_seconds == 0.0

    def test_a_continuation_begins_at_its_offset(self) -> None:
        continuation = {"token": "t", "audio": {"streams": {"1": {"offset": "9000000"}}}}
        assert self._parse(self._context(continuation=continuation)).start_seconds == 0.9

    def test_a_continuation_without_a_stream_begins_at_the_start(self) -> None:
        continuation = {"token": "t", "audio": {"streams": {"1": None}}}
        assert self._parse(self._context(continuation=continuation)).start_seconds == 0.0

    def test_a_request_without_a_translation_asks_for_words_only(self) -> None:
        request = self._parse({"phraseDetection": {"mode": "CONVERSATION", "language": "en-us"}})
        assert (request.targets, request.voiced_language) == (None, None)

    def test_it_belongs_to_the_turn_of_its_message(self) -> None:
        assert self._parse({}).request_id == "r1"

    @pytest.mark.parametrize(
        "context",
        [
            pytest.param([], id="a list"),
            pytest.param({"translation": []}, id="translation is a list"),
            pytest.param({"translation": {"targetLanguages": None}}, id="no targets"),
            pytest.param({"continuation": {"audio": {"streams": {"1": {"offset": "x"}}}}}, id="no offset"),
        ],
    )
    def test_a_context_of_another_shape_is_a_wire_error(self, context: Any) -> None:
        with pytest.raises(WireError, match=r"speech\.context"):
            self._parse(context)
