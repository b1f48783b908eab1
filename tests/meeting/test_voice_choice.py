"""What speakers may choose, and what Azure is asked for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from livekit_plugins_azure_interpreter._meeting.voice_choice import (
    AzureVoices,
    VoiceChoices,
    VoiceOffer,
)

OWN, DENISE, KATJA = "personal-voice", "fr-FR-DeniseNeural", "de-DE-KatjaNeural"


@pytest.mark.parametrize(
    ("voice", "prebuilt", "has_fallback", "choices"),
    [
        (OWN, {}, False, ("own", "text")),
        (OWN, {"fr": DENISE}, False, ("own", "prebuilt", "text")),
        (OWN, {}, True, ("own", "prebuilt", "text")),
        ({"fr": DENISE}, {}, False, ("own", "prebuilt", "text")),
        ({"fr": None}, {}, False, ("own", "text")),
        (DENISE, {}, False, ("prebuilt", "text")),
        (None, {}, False, ("text",)),
        (None, {"fr": DENISE}, False, ("prebuilt", "text")),
        (None, {}, True, ("prebuilt", "text")),
    ],
)
def test_a_choice_needs_a_voice(
    voice: Any, prebuilt: dict[str, str], has_fallback: bool, choices: tuple[str, ...]
) -> None:
    assert AzureVoices(voice, prebuilt, has_fallback=has_fallback).choices == choices


@pytest.mark.parametrize(
    ("voice", "prebuilt", "own", "other"),
    [
        (OWN, {"fr-FR": DENISE}, {"fr": OWN, "de": OWN}, {"fr": DENISE, "de": None}),
        ({"français": DENISE}, {}, {"fr": DENISE, "de": OWN}, {"fr": DENISE, "de": None}),
        ({"fr": DENISE}, {"de": KATJA}, {"fr": DENISE, "de": OWN}, {"fr": DENISE, "de": KATJA}),
        ({"fr": None}, {"fr": DENISE}, {"fr": None, "de": OWN}, {"fr": DENISE, "de": None}),
        (DENISE, {}, {"fr": DENISE}, {"fr": DENISE}),
        (None, {"fr": DENISE}, {"fr": None}, {"fr": DENISE}),
    ],
)
def test_azure_has_a_voice_of_each_language_for_each_choice(
    voice: Any, prebuilt: dict[str, str], own: dict[str, str | None], other: dict[str, str | None]
) -> None:
    voices = AzureVoices(voice, prebuilt, has_fallback=False)
    assert {language: voices.of("own", language) for language in own} == own
    assert {language: voices.of("prebuilt", language) for language in other} == other
    assert {voices.of("text", language) for language in own} == {None}


def test_a_language_without_a_prebuilt_voice_is_heard_by_the_fallback_or_not_at_all() -> None:
    alone = AzureVoices(OWN, {"fr": DENISE}, has_fallback=False)
    assert [alone.is_heard("prebuilt", language) for language in ("fr", "de")] == [True, False]
    with_fallback = AzureVoices(OWN, {"fr": DENISE}, has_fallback=True)
    assert with_fallback.is_heard("prebuilt", "de")
    assert not with_fallback.is_heard("text", "de")


@pytest.mark.parametrize(
    ("prebuilt", "message"),
    [
        ({"xx": DENISE}, "prebuilt_voices: 'xx' is not a language"),
        ({"fr": "Denise"}, "prebuilt_voices must be the full name of a prebuilt voice"),
        ({"fr": OWN}, "prebuilt_voices must be the full name of a prebuilt voice"),
    ],
)
def test_a_prebuilt_voice_that_is_none_is_refused(prebuilt: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        AzureVoices(OWN, prebuilt, has_fallback=False)


class TestVoiceOffer:
    ALL = ("own", "prebuilt", "text")

    @pytest.mark.parametrize(
        ("choices", "default", "can_be_had", "expected"),
        [
            (None, None, ALL, VoiceOffer(ALL, "own")),
            (None, None, ("prebuilt", "text"), VoiceOffer(("prebuilt", "text"), "prebuilt")),
            (None, "text", ALL, VoiceOffer(ALL, "text")),
            (["text", "own"], None, ALL, VoiceOffer(("own", "text"), "own")),
        ],
    )
    def test_the_default_is_the_first_of_all_that_can_be_had(
        self, choices: Any, default: Any, can_be_had: Any, expected: VoiceOffer
    ) -> None:
        assert VoiceOffer.parse(choices, default, can_be_had) == expected

    @pytest.mark.parametrize(
        ("choices", "default", "message"),
        [
            ([], None, 'voices takes one or several of "own" or "prebuilt" or "text", got []'),
            ("own", None, "voices takes one or several of"),
            (["mine"], None, "voices takes one or several of"),
            (["prebuilt"], None, "voices has 'prebuilt': name one in prebuilt_voices, or give a fallback"),
            (["own"], "text", "default_voice must be in voices (\"own\"), got 'text'"),
        ],
    )
    def test_a_choice_that_there_is_not_is_refused(self, choices: Any, default: Any, message: str) -> None:
        with pytest.raises(ValueError, match=re.escape(message)):
            VoiceOffer.parse(choices, default, ("own", "text"))

    def test_the_own_voice_cannot_be_offered_where_another_one_is_asked_for(self) -> None:
        with pytest.raises(ValueError, match="voices has 'own': voice names another voice"):
            VoiceOffer.parse(["own"], None, ("prebuilt", "text"))

    @pytest.mark.parametrize("written", ["text", " Text ", "TEXT"])
    def test_a_choice_is_understood_in_any_case(self, written: str) -> None:
        assert VoiceOffer(("own", "text"), "own").choice(written) == "text"

    @pytest.mark.parametrize(
        ("choices", "careful"),
        [(ALL, "prebuilt"), (("own", "text"), "text"), (("own",), "text"), (("prebuilt",), "prebuilt")],
    )
    def test_a_choice_that_is_not_on_offer_is_refused_and_never_means_the_own_voice(
        self, choices: Any, careful: str
    ) -> None:
        offered = VoiceOffer(choices, choices[0])
        with pytest.raises(ValueError, match="'none of these' is not on offer, choose"):
            offered.choice("none of these")
        assert offered.careful == careful

    def test_a_refusal_is_short_however_long_the_attribute(self) -> None:
        with pytest.raises(ValueError, match="not on offer") as refused:
            VoiceOffer(("text",), "text").choice("x" * 10_000)
        assert len(str(refused.value)) < 200


class TestVoiceChoices:
    def test_a_speaker_who_chooses_nothing_has_the_default(self) -> None:
        assert VoiceChoices("own").voice_of("alice", None) == "own"

    @pytest.mark.parametrize("no", ["prebuilt", "text"])
    def test_a_no_holds_until_its_speaker_says_yes(self, no: Any) -> None:
        choices = VoiceChoices("own")
        assert choices.voice_of("alice", no) == no
        assert choices.voice_of("alice", None) == no
        assert choices.voice_of("bob", None) == "own"
        assert choices.voice_of("alice", "own") == "own"
        assert choices.voice_of("alice", None) == "own"

    def test_a_yes_holds_only_as_long_as_it_is_said(self) -> None:
        choices = VoiceChoices("text")
        assert choices.voice_of("alice", "own") == "own"
        assert choices.voice_of("alice", None) == "text"
