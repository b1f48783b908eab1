"""Each fault in a result, on the wire."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from fakes.three_utterances import behaviour, whole_turn

from livekit_plugins_azure_interpreter.emulator import faults

pytestmark = pytest.mark.native


class TestResults:
    async def test_bad_json_is_none_and_acknowledges_nothing(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await whole_turn(start, connect, audio, faults.BadJson(2))
        bad = client.of("translation.response")[1]
        with pytest.raises(ValueError, match="delimiter"):
            json.loads(bad.body)
        assert not any(name.startswith("X-Continuation") for name in bad.headers)

    async def test_missing_fields_are_the_texts(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.MissingFields(2))
        body = client.of("translation.response")[1].json()
        assert ({*body}, {*body["SpeechPhrase"]}) == (
            {"SpeechPhrase", "TranslationStatus"},
            {"RecognitionStatus", "Offset", "Duration"},
        )

    async def test_a_wrong_request_id_is_followed_by_the_right_one(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await whole_turn(start, connect, audio, faults.WrongRequestId(2))
        results = [
            (frame.headers["X-RequestId"], frame.json()["SpeechPhrase"]["DisplayText"])
            for frame in client.of("translation.response")
        ]
        assert results == [("r1", "one"), ("0" * 32, "two"), ("r1", "two"), ("r1", "three")]

    async def test_garbage_comes_before_the_result(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.GarbageFrame(2))
        said = [path for path in client.paths if path in ("garbage", "translation.response")]
        assert said == ["translation.response", "garbage", "translation.response", "translation.response"]

    async def test_an_unknown_language_is_told(self, start: Any, connect: Any, audio: Any) -> None:
        client = await whole_turn(start, connect, audio, faults.UnknownLanguage(2))
        languages = [
            frame.json()["SpeechPhrase"]["PrimaryLanguage"]["Language"]
            for frame in client.of("translation.response")
        ]
        assert languages == ["en-US", "xx-Unknown", "en-US"]

    async def test_translations_are_keyed_by_region(self, start: Any, connect: Any, audio: Any) -> None:
        context = {"targets": ("fr", "zh-Hans")}
        client = await whole_turn(start, connect, audio, faults.RegionKeyed(2), context=context)
        keys = [
            [translation["Language"] for translation in frame.json()["Translations"]]
            for frame in client.of("translation.response")
        ]
        assert keys == [["fr", "zh-Hans"], ["fr-FR", "zh-Hans"], ["fr", "zh-Hans"]]

    async def test_no_translation_is_an_error_and_has_no_voice(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await whole_turn(start, connect, audio, faults.NoTranslation(2))
        said = [frame.json()["TranslationStatus"] for frame in client.of("translation.response")]
        assert (said, len(client.of("audio.start"))) == (["Success", "Error", "Success"], 2)

    async def test_a_fault_without_a_number_happens_to_each_utterance(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await whole_turn(start, connect, audio, faults.NoTranslation())
        assert len(client.of("audio.start")) == 0

    async def test_a_fault_without_a_number_happens_as_often_as_it_says(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await whole_turn(start, connect, audio, faults.NoTranslation(times=2))
        assert len(client.of("audio.start")) == 1

    async def test_utterances_are_counted_over_all_sessions(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(behaviour(faults.NoTranslation(2)))
        clients = [await connect(emulator.endpoint, session_id=name) for name in ("a", "b")]
        for client in clients:
            await client.whole_turn(audio.utterance())
        assert [len(client.of("audio.start")) for client in clients] == [1, 0]


class TestUnsureLanguage:
    @pytest.mark.parametrize("confidence", get_args(faults.Confidence))
    def test_every_confidence_of_the_service_can_be_told(self, confidence: faults.Confidence) -> None:
        assert faults.UnsureLanguage(confidence=confidence).confidence == confidence

    def test_another_confidence_is_refused_with_those_that_there_are(self) -> None:
        unknown: Any = "Sure"
        with pytest.raises(ValueError, match="confidence must be one of Unknown, Low, "):
            faults.UnsureLanguage(confidence=unknown)
