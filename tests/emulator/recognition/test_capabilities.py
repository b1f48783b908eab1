from __future__ import annotations

import logging
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Tap
from livekit_plugins_azure_interpreter.emulator.recognition import capabilities
from livekit_plugins_azure_interpreter.emulator.recognition.capabilities import (
    Unknown,
    refusal,
    unknown_parts,
)


class TestRefusal:
    @pytest.mark.parametrize(
        ("context", "words"),
        [
            (
                {"phraseDetection": {"enrichment": {"pronunciationAssessment": {}}}},
                "pronunciation assessment",
            ),
            (
                {"phraseDetection": {"enrichment": {"contentAssessment": {"topic": "x"}}}},
                "content assessment",
            ),
            ({"intent": {"provider": "LUIS"}}, "intent recognition"),
            ({"keywordDetection": [{"type": "StartTrigger"}]}, "keyword detection"),
        ],
    )
    def test_a_request_that_cannot_be_served_is_refused_by_name(
        self, context: dict[str, Any], words: str
    ) -> None:
        assert words in refusal(context)

    def test_a_reason_fits_into_a_close_frame(self) -> None:
        context = {
            "phraseDetection": {"enrichment": {"pronunciationAssessment": {"referenceText": "x" * 500}}}
        }
        assert len(refusal(context).encode()) <= 123

    @pytest.mark.parametrize(
        "context",
        [
            {},
            {"phraseDetection": {"mode": "CONVERSATION", "enrichment": {"other": {}}}},
            {"phraseDetection": {"enrichment": None}},
            {"novelty": {"intent": {}}},
        ],
    )
    def test_a_part_that_is_merely_unknown_is_not_refused(self, context: dict[str, Any]) -> None:
        assert refusal(context) == ""


class TestUnknownParts:
    def test_parts_that_are_served_are_not_told(self) -> None:
        context = {
            "phraseDetection": {
                "enrichment": {},
                "mode": "Conversation",
                "language": "en-US",
                "CONVERSATION": {},
            },
            "audio": {"streams": {"1": None}},
            "languageId": {"Priority": "PrioritizeLatency"},
            "phraseOutput": None,
            "novelty": {},
            "translation": {"targetLanguages": ["fr"]},
            "synthesis": {"defaultVoices": {"fr": "a voice"}},
        }
        assert list(unknown_parts(context)) == []

    def test_parts_and_their_parts_are_told_by_name_without_their_values(self) -> None:
        context = {"novelty": {"secret": "s"}, "translation": {"targetLanguages": ["fr"], "style": "formal"}}
        assert list(unknown_parts(context)) == ["novelty", "translation.style"]


class _Told(Tap):
    def __init__(self) -> None:
        self.names: list[str] = []

    def unknown(self, what: str) -> None:
        self.names.append(what)


class TestUnknown:
    def test_a_name_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        told: list[str] = []
        unknown = Unknown(told.append)
        with caplog.at_level(logging.WARNING):
            unknown.tell(["novelty", "other"])
            unknown.tell(["novelty"])
        assert told == ["novelty", "other"]
        assert [record.getMessage() for record in caplog.records] == [
            "a client asked for 'novelty', which the emulator does nothing about",
            "a client asked for 'other', which the emulator does nothing about",
        ]

    def test_a_long_name_is_cut(self) -> None:
        told: list[str] = []
        Unknown(told.append).tell(["x" * 10_000])
        assert told == ["x" * 80]

    def test_names_without_end_are_not_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(capabilities, "_MOST_TOLD", 2)
        told: list[str] = []
        Unknown(told.append).tell(["a", "b", "c"])
        assert told == ["a", "b"]
