"""What a translation should say instead of what Azure wrote."""

from __future__ import annotations

import pickle
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import pytest
from fakes.promises import takes_less_than, tries_again
from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._options.glossary import Glossary


def corrected(text: str, terms: Mapping[str, str], language: str = "fr") -> str:
    return Glossary.parse({language: terms}).corrected(text, language)


class TestCorrection:
    def test_a_term_is_replaced_wherever_it_stands(self) -> None:
        text = "live kit, (live kit) l'live kit – live kit"
        assert corrected(text, {"live kit": "LiveKit"}) == text.replace("live kit", "LiveKit")

    @pytest.mark.parametrize("text", ["alive kit", "live kits", "live kit2", "live_kit", "livekit", "live"])
    def test_a_part_of_a_word_is_left_as_it_is(self, text: str) -> None:
        assert corrected(text, {"live kit": "LiveKit"}) == text

    @pytest.mark.parametrize("text", ["livekit", "Livekit", "LIVEKIT", "LiveKit"])
    def test_a_term_is_found_in_any_case(self, text: str) -> None:
        assert corrected(f"avec {text}.", {"LiveKit": "LiveKit"}) == "avec LiveKit."

    @pytest.mark.parametrize(
        ("text", "terms", "wanted"),
        [
            ("Nuage prêt", {"nuage": "cloud"}, "Cloud prêt"),
            ("le nuage", {"nuage": "cloud"}, "le cloud"),
            ("Nuage", {"nuage": "iCloud"}, "iCloud"),
            ("Nuage", {"nuage": "cloud de Lyon"}, "Cloud de Lyon"),
            ("Nuage", {"Nuage": "iCloud"}, "iCloud"),
            ("le nuage", {"nuage": "Cloud"}, "le Cloud"),
            ("une IT", {"IT": "informatique"}, "une informatique"),
        ],
    )
    def test_a_capital_is_kept_if_term_and_correction_have_small_letters(
        self, text: str, terms: dict[str, str], wanted: str
    ) -> None:
        assert corrected(text, terms) == wanted

    def test_the_longest_term_is_taken_first(self) -> None:
        terms = {"live": "direct", "live kit": "LiveKit", "live kit cloud": "LiveKit Cloud", "a": "b"}
        text = "live kit cloud, live kit, live a"
        assert corrected(text, terms) == "LiveKit Cloud, LiveKit, direct b"

    def test_a_correction_is_not_corrected_again(self) -> None:
        assert corrected("un deux", {"un": "deux", "deux": "un", "deux un": "trois"}) == "deux un"

    @pytest.mark.parametrize(
        ("text", "term"),
        [
            ("Le café", "cafe\u0301"),
            ("Le cafe\u0301", "café"),
            ("le  l\u00a0e", "l e"),
            ("l’été", "l'été"),
            ("Straße", "STRAßE"),
            ("ΟΔΟΣ", "οδος"),
        ],
    )
    def test_spellings_of_the_same_letters_are_the_same(self, text: str, term: str) -> None:
        assert "X" in corrected(text, {term: "X"})

    @pytest.mark.parametrize(
        ("text", "term", "wanted"),
        [
            ("ライブキットを使う", "ライブキット", "LiveKitを使う"),
            ("私はlivekitを使う", "LiveKit", "私はLiveKitを使う"),
            ("我们用活套件开会", "活套件", "我们用LiveKit开会"),
            ("ใช้ไลฟ์คิทดี", "ไลฟ์คิท", "ใช้LiveKitดี"),
            ("라이브킷을 씁니다", "라이브킷", "LiveKit을 씁니다"),
            ("livekit을 씁니다", "LiveKit", "LiveKit을 씁니다"),
        ],
    )
    def test_a_script_without_spaces_or_with_particles_needs_no_end_of_a_word(
        self, text: str, term: str, wanted: str
    ) -> None:
        assert corrected(text, {term: "LiveKit"}, "ja") == wanted

    @pytest.mark.parametrize(
        ("text", "term"), [("เก้า", "เก"), ("हिन्दी", "हिन्द"), ("हिन्दी", "ह"), ("하라이브킷", "라이브킷")]
    )
    def test_a_mark_is_not_cut_from_its_letter_nor_a_word_from_its_beginning(
        self, text: str, term: str
    ) -> None:
        assert corrected(text, {term: "X"}, "th") == text

    def test_a_term_of_signs_needs_no_end_of_a_word(self) -> None:
        assert corrected("C++11 ++", {"c++": "Rust", "+": "plus"}) == "Rust11 plusplus"

    def test_a_text_without_a_term_is_the_same_object(self) -> None:
        text = unicodedata.normalize("NFD", "déjà")
        assert corrected(text, {"live": "x"}) is text
        assert corrected(text, {"déjà": "déjà"}) is text


class TestLanguages:
    def test_each_language_has_its_own_terms(self) -> None:
        glossary = Glossary.parse({"fr": {"a": "b"}, "Deutsch": {"a": "c"}})
        assert [glossary.corrected("a", language) for language in ("fr", "de", "it")] == ["b", "c", "a"]

    @pytest.mark.parametrize("language", ["fr-FR", "fr_ch", "français"])
    def test_a_language_is_found_in_any_spelling(self, language: str) -> None:
        assert Glossary.parse({language: {"a": "b"}}).corrected("a", "fr") == "b"
        assert Glossary.parse({"fr": {"a": "b"}}).corrected("a", language) == "b"

    def test_each_script_of_a_language_has_its_own_terms(self) -> None:
        glossary = Glossary.parse({"zh-Hans": {"现在": "今"}, "zh-Hant": {"現在": "現"}})
        assert glossary.corrected("现在", "zh-CN") == "今"
        assert glossary.corrected("現在", "zh-TW") == "現"

    @pytest.mark.parametrize("nothing", [None, {}, {"fr": {}}])
    def test_a_glossary_without_terms_corrects_nothing(self, nothing: Any) -> None:
        assert Glossary.parse(nothing).corrected("a", "fr") == "a"


REFUSED = {
    "a list": (["LiveKit"], "glossary takes corrections by target language"),
    "terms without a language": ({"live kit": "LiveKit"}, "glossary takes corrections by target language"),
    "a number": ({"fr": {"a": 1}}, "glossary takes corrections by target language"),
    "a number as a term": ({"fr": {1: "a"}}, "glossary takes corrections by target language"),
    "a number as a language": ({1: {"a": "b"}}, "glossary takes corrections by target language"),
    "an unknown language": ({"gsw": {"a": "b"}}, "glossary: Azure does not translate to 'gsw'; the nearest"),
    "a language twice": (
        {"fr": {}, "français": {}},
        "glossary has 'français', whose language it has already",
    ),
    "an empty term": ({"fr": {" ": "a"}}, "glossary has an empty term or correction for 'fr'"),
    "an empty correction": ({"fr": {"a": ""}}, "glossary has an empty term or correction for 'fr'"),
    "a control character": ({"fr": {"a": "b\x00"}}, "glossary has the character U+0000 for 'fr'"),
    "half a character": ({"fr": {"\ud83d": "b"}}, "glossary has the character U+D83D for 'fr'"),
    "two corrections": ({"fr": {"a b": "c", "A  B": "d"}}, "glossary corrects 'A B' for 'fr' in two ways"),
}


@pytest.mark.parametrize(("wrong", "message"), REFUSED.values(), ids=REFUSED)
def test_a_malformed_glossary_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Glossary.parse(wrong)


def test_terms_that_are_the_same_may_be_corrected_in_the_same_way() -> None:
    assert corrected("a", {"a": "b", "A": "b"}) == "b"


def test_a_glossary_is_a_value() -> None:
    terms = {"fr": {"a": "b"}}
    glossary = Glossary.parse(terms)
    assert glossary == Glossary.parse({"français": {"a": "b"}}) == pickle.loads(pickle.dumps(glossary))
    assert glossary != Glossary.parse({"fr": {"a": "c"}})
    terms["fr"]["a"] = "c"
    assert glossary.corrected("a", "fr") == "b"


def test_a_glossary_that_was_parsed_is_not_parsed_again() -> None:
    glossary = Glossary.parse({"fr": {"a": "b"}})
    assert Glossary.parse(glossary) is glossary


_WORDS = st.sampled_from(["nuage", "Kit", "live", "é", "l'", "ライブ", "套件", "x"])
_TEXTS = st.lists(_WORDS, max_size=12).map(" ".join)
_TERMS = st.dictionaries(_WORDS, st.sampled_from(["§", "§§"]), max_size=5)


@given(text=_TEXTS, terms=_TERMS)
def test_words_that_are_terms_are_replaced_and_no_others(text: str, terms: dict[str, str]) -> None:
    wanted = [terms.get(word, word) for word in text.split(" ")]
    assert corrected(text, terms) == " ".join(wanted)


@given(
    text=st.text().filter(lambda text: "§" not in text),
    terms=st.dictionaries(
        st.text("abAB é\u0301ー日가", min_size=1).filter(str.strip), st.just("§"), max_size=4
    ),
)
def test_a_text_between_terms_stays_as_it_is(text: str, terms: dict[str, str]) -> None:
    text = unicodedata.normalize("NFC", text)
    first, *others = corrected(text, terms).split("§")
    assert text.startswith(first)
    at = len(first)
    for piece in others:
        at = text.index(piece, at + 1) + len(piece)  # at least one character was a term
    assert at == len(text) or (others and text.endswith(others[-1]))


@given(text=st.text())
def test_terms_that_stay_as_they_are_change_nothing(text: str) -> None:
    once = corrected(text, {"a": "A", "b c": "B C", "日": "本"})
    assert corrected(once, {"A": "A", "B C": "B C"}) == once


@tries_again
async def test_two_thousand_terms_cost_a_long_text_no_time_of_each() -> None:
    terms = {f"terme {at:x} {'mot' * (at % 9)}": f"T{at}" for at in range(2000)}
    text = " ".join(f"terme {at * 7:x} motmot et autres choses" for at in range(60))
    glossary = Glossary.parse({"fr": terms})
    with takes_less_than(0.05):  # 2 ms on an idle core; one search for each term takes 100 times as long
        glossary.corrected(text, "fr")
