"""What languages are called, and which of them are the same."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._options.language_table import RELATIVES, SPEECH_OF, TARGET_OF, TARGETS
from livekit_plugins_azure_interpreter._options.languages import (
    in_language,
    in_own_spelling,
    same_speech,
    same_text,
    spelled,
    spoken,
    target,
)

CODES = [line.split(": ")[0] for line in TARGETS.strip().splitlines()]
NAMES = [
    (name.strip(), line.split(": ")[0])
    for line in TARGETS.strip().splitlines()
    for name in line.split(": ")[1].split(",")
]


def test_the_table_names_each_language_once() -> None:
    assert len(CODES) == len(set(CODES))
    assert [(code, target(code)) for code in CODES if target(code) != code] == []
    assert [(name, target(name)) for name, code in NAMES if target(name) != code] == []


def test_the_table_leads_to_codes_that_it_has() -> None:
    assert set(RELATIVES.values()) <= set(CODES)
    assert set(SPEECH_OF) <= set(CODES)
    assert {code for code in TARGET_OF.values() if code not in CODES} == {"yi"}
    assert set(CODES).isdisjoint({*RELATIVES, *TARGET_OF})


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ("no nb nn nb-NO no-NO NB norsk Norwegian nob", "nb"),
        ("he iw iw-IL he-IL hebrew", "he"),
        ("fil tl tl-PH fil-PH tagalog", "fil"),
        ("id in in-ID indonesian ind", "id"),
        ("zh zh-CN zh_CN zh-cn zh-Hans zh-Hans-CN zh-SG cmn cmn-Hans-CN chinese 中文", "zh-Hans"),
        ("zh-TW zh_tw zh-Hant zh-Hant-TW zh-Hant-HK cmn-Hant-TW 繁體中文", "zh-Hant"),
        ("yue yue-CN zh-HK zh_HK zh-MO zh-yue-HK cantonese 粵語", "yue"),
        ("sr sr-RS sr-Latn sr-Latn-RS srpski sh", "sr-Latn"),
        ("sr-Cyrl sr-Cyrl-RS sr_cyrl српски", "sr-Cyrl"),
        ("mn mn-MN mn-Cyrl mn-Cyrl-MN mongolian khk", "mn-Cyrl"),
        ("mn-Mong mn-Mong-CN mn-CN", "mn-Mong"),
        ("pt pt-BR pt-br pt_BR portuguese português", "pt"),
        ("pt-PT pt-pt pt_PT", "pt-PT"),
        ("fr FR fr-FR fr_FR fr-BE français francais FRANÇAIS French french fra", "fr"),
        ("fr-CA fr-ca fr_CA", "fr-CA"),
        ("es es-MX es-419 español spanish", "es"),
        ("de DE de-AT Deutsch german deu", "de"),
        ("ku ckb ku-Arab", "ku"),
        ("kmr ku-Latn kurmancî", "kmr"),
        ("prs fa-AF dari", "prs"),
        ("nya ny ny-MW", "nya"),
    ],
)
def test_a_target_has_many_names(texts: str, code: str) -> None:
    assert {text: target(text) for text in texts.split()} == dict.fromkeys(texts.split(), code)


@pytest.mark.parametrize(
    "text", [" fr ", "\tfr\n", "Brazilian Portuguese", "Portuguese (Brazil)", "bahasa Indonesia"]
)
def test_spaces_around_a_name_and_in_it_do_no_harm(text: str) -> None:
    assert target(text) in ("fr", "pt", "id")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gsw-CH", "does not translate to 'gsw-CH'; the nearest that it does is 'de' (German)"),
        ("lb", "the nearest that it does is 'de' (German)"),
        ("frensh", "the nearest that it does is 'fr' (French)"),
        ("Portugese", "the nearest that it does is 'pt' (Portuguese)"),
        ("fr,de", "'fr,de' names several languages: give one of 'fr', 'de'"),
        ("fr de", "'fr de' names several languages: give one of 'fr', 'de'"),
        ("xx", "'xx' is not a language that Azure translates to, such as 'fr'"),
        ("und", "'und' is not a language that Azure translates to"),
        ("", "'' is not a language"),
        ("12", "'12' is not a language"),
        ("fr\x00", "'fr\\x00' is not a language"),
        ("x" * 100, f"'{'x' * 40}...' is not a language"),
    ],
)
def test_a_language_without_translation_is_refused_with_the_nearest_translated_one(
    text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        target(text)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert target(text) in CODES


def test_a_refusal_is_short_however_long_the_text() -> None:
    with pytest.raises(
        ValueError, match=r"names several languages: give one of 'fr', 'de', 'fr', 'de', 'fr'$"
    ):
        target("fr,de," * 10_000)


@pytest.mark.parametrize(
    ("text", "code"),
    [("zh_cn", "zh-CN"), (" FR ", "fr"), ("français", "fr"), ("EN-us", "en-US"), ("no", "no"), ("x!", "x!")],
)
def test_a_code_is_spelled_in_one_way(text: str, code: str) -> None:
    assert spelled(text) == code


def test_somebody_may_speak_what_azure_does_not_translate_to() -> None:
    assert (spoken("gsw-CH"), spoken("Deutsch")) == ("gsw-CH", "de")
    with pytest.raises(ValueError, match="is not a language"):
        spoken("whatever")


# Speech, text, translation: which are the same


@pytest.mark.parametrize(
    ("one", "other", "speech", "text"),
    [
        ("nb-NO", "no", True, True),
        ("de", "de-AT", True, True),
        ("he-IL", "iw", True, True),
        ("fil-PH", "tl", True, True),
        ("id-ID", "in", True, True),
        ("fr-CA", "fr-FR", True, True),
        ("pt-PT", "pt-BR", True, True),
        ("yue-CN", "zh-HK", True, True),
        ("zh-CN", "zh-TW", True, False),
        ("cmn-Hans-CN", "zh-Hant", True, False),
        ("sr-Cyrl", "sr-Latn", True, False),
        ("mn-Cyrl", "mn-Mong", True, False),
        ("zh-HK", "zh-Hans", False, False),
        ("zh-HK", "zh-Hant", False, False),
        ("yue", "zh", False, False),
        ("prs", "fa", False, False),
        ("fi", "fil", False, False),
        ("wuu-CN", "zh-CN", False, False),
        ("", "", False, False),
        ("und", "und", False, False),
        ("", "fr", False, False),
        ("xx-Unknown", "fr", False, False),
    ],
)
def test_languages_are_the_same_to_hear_or_to_read(one: str, other: str, speech: bool, text: bool) -> None:
    assert (same_speech(one, other), same_speech(other, one)) == (speech, speech)
    assert (same_text(one, other), same_text(other, one)) == (text, text)


@pytest.mark.parametrize(
    ("given", "language", "found"),
    [
        ({"nb": 1}, "no", 1),
        ({"no": 1}, "nb", 1),
        ({"he": 1}, "iw", 1),
        ({"zh-Hans": 1}, "zh-CN", 1),
        ({"zh-CN": 1}, "zh-Hans", 1),
        ({"zh-Hans": 1}, "zh-Hant", None),
        ({"pt": 1}, "pt-PT", None),
        ({"pt": 1}, "pt-BR", 1),
        ({"fr-CA": 1, "fr": 2}, "fr", 2),
        ({"FR": 1}, "fr", 1),
        ({"sr-Cyrl": 1}, "sr-Latn", None),
        ({"fil": 1}, "fr", None),
        ({}, "fr", None),
    ],
)
def test_a_value_is_found_by_any_name_of_its_language(
    given: dict[str, int], language: str, found: int | None
) -> None:
    assert in_language(given, language) == found


@pytest.mark.parametrize(
    ("language", "written", "own"),
    [
        ("fr", "fr-FR", "fr-FR"),
        ("fr", " fr-FR ", "fr-FR"),
        ("nb", "no", "no"),
        ("zh-Hans", "zh-CN", "zh-CN"),
        ("fr", "fr-CA", "fr"),
        ("fr", "français", "fr"),
        ("fr", "de", "fr"),
        ("fr", "", "fr"),
    ],
)
def test_a_code_is_kept_as_somebody_writes_it(language: str, written: str, own: str) -> None:
    assert in_own_spelling(language, written) == own
