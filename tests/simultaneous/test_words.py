from __future__ import annotations

import itertools

import pytest
from fakes.parallel import lines

from livekit_plugins_azure_interpreter._simultaneous.words import joined, may_cut, words

_TEXTS = [
    "« Il a dit : non », dit-elle.",
    'He said "yes" (maybe), then "no".',
    "¿Qué? ¡No!",
    "私は「東京」で、本を3冊買いました。Yes, OK です。",
    "它很好，对吗？3,500元。",
    "วันนี้อากาศดี มาก",
    " 1 000 000 euros ",
    "- one - two",
    "…",
    "",
]


def _texts(text: str) -> list[str]:
    return [word.text for word in words(text)]


def _keys(text: str) -> list[str]:
    return [word.key for word in words(text)]


def test_words_joined_are_the_text() -> None:
    for text in [*_TEXTS, *(text for line in lines() for text in line.values())]:
        found = words(text)
        assert "".join(word.before + word.text for word in found) == (text.strip() if found else ""), text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bonjour, tout le monde !", ["Bonjour,", "tout", "le", "monde !"]),
        ("« Oui » : « non »", ["« Oui » :", "« non »"]),
        ('said "yes" (maybe)', ["said", '"yes"', "(maybe)"]),
        ("¿Qué? ¡No!", ["¿Qué?", "¡No!"]),
        ("one - two", ["one -", "two"]),
        ("état-civil, l’homme", ["état-civil,", "l’homme"]),
    ],
)
def test_a_mark_belongs_to_the_word_beside_it(text: str, found: list[str]) -> None:
    assert _texts(text) == found


@pytest.mark.parametrize(
    "number",
    [
        "3,5",
        "12:30",
        "1 000",
        "1\u202f000\u00a0000",
        "3,5 %",
        "1 000,50 €",
        "-5",
        "$1,000.00",
        "20 000 km²"[:6],
    ],
)
def test_a_number_is_one_word(number: str) -> None:
    assert _texts(f"before {number} after") == ["before", number, "after"]


def test_numbers_that_only_stand_side_by_side_are_several() -> None:
    assert _texts("in 2024 100 people, 12 34") == ["in", "2024", "100", "people,", "12", "34"]


def test_a_script_without_spaces_has_a_word_for_each_character() -> None:
    assert _texts("「はい」と、3,500円。") == ["「は", "い」", "と、", "3,500", "円。"]


def test_a_vowel_stays_with_its_consonant() -> None:
    assert _texts("วันนี้")[0] == "วั"


def test_words_are_compared_without_case_and_marks() -> None:
    assert _keys("«Bonjour», Monde !") == _keys("bonjour monde")


@pytest.mark.parametrize(("one", "other"), [("-5", "5"), ("5 %", "5"), ("C#", "C")])
def test_a_sign_is_not_a_mark(one: str, other: str) -> None:
    assert _keys(one) != _keys(other)


@pytest.mark.parametrize(
    ("text", "ends"), [("eins,", True), ("zwei.", True), ("三。", True), ("Dr.", False), ("vier", False)]
)
def test_a_mark_after_a_word_ends_its_clause(text: str, ends: bool) -> None:
    (*_, word) = words(text)
    assert word.ends_clause is ends


def test_characters_take_less_time_than_words() -> None:
    assert [word.weight for word in words("a 東 ก")] == [1.0, 0.3, 0.2]


class TestJoined:
    @pytest.mark.parametrize(
        ("said", "text", "added"),
        [
            ("", "Hello you", "Hello you"),
            ("Hello", "you", " you"),
            ("東京で", "本を", "本を"),
            ("本を", "3冊", "3冊"),
            ("วัน", "นี้", "นี้"),
        ],
    )
    def test_a_text_follows_another_as_its_script_has_it(self, said: str, text: str, added: str) -> None:
        assert joined(said, words(text)) == added

    def test_nothing_adds_nothing(self) -> None:
        assert joined("Hello", []) == ""


class TestMayCut:
    @pytest.mark.parametrize(
        ("text", "language", "places"),
        [
            ("to be", "en", "to|be"),
            ("東京で本を買った", "ja-JP", "東京で|本を|買った"),
            ("価格は千円です。はい", "ja", "価格は|千円です。|はい"),
            ("今天很好", "zh-CN", "今|天|很|好"),
            ("วันนี้ ดี", "th", "วันนี้|ดี"),
        ],
    )
    def test_a_speaker_breathes_between_words(self, text: str, language: str, places: str) -> None:
        found = words(text)
        told = found[0].text
        for before, after in itertools.pairwise(found):
            told += ("|" if may_cut(before, after, language) else "") + after.text
        assert told == places
