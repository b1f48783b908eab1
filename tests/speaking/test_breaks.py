"""Where texts of many scripts can be cut."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._speaking.breaks import (
    character_end,
    clause_end,
    sentence_end,
    word_end,
)


@pytest.mark.parametrize(
    "text",
    [
        "Hi. |I am",
        '"Really?!" |she said',
        "It was 2024. |Then",
        "네. |안녕",
        "你好。|我",
        "「はい。」|彼",
        "नमस्ते। |मैं",
        "کیسے ہو؟ |میں",
        "မင်္ဂလာပါ။ |ကျွန်တော်",
        "សួស្តី។ |ខ្ញុំ",
        "Բարեւ։ |Ես",
        "ሰላም። |እኔ",
        "First line\n|second",
    ],
)
def test_a_sentence_ends_after_its_mark_and_what_closes_it(text: str) -> None:
    before, after = text.split("|")
    assert sentence_end(before + after, len(before + after)) == len(before)


@pytest.mark.parametrize(
    "text",
    [
        "Hi.",
        "3.5 or 1.000 is",
        "example.com is",
        "Dr. Smith and Mrs. Jones",
        "J. Smith",
        "z.B. das",
        "am 3. Mai",
        "no mark",
        "",
    ],
)
def test_a_full_stop_that_may_not_end_a_sentence_does_not(text: str) -> None:
    assert sentence_end(text, len(text)) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Well, |I",
        "It is this: |that",
        "so – |and",
        "Well… |I",
        "你好，|我",
        "はい、|私",
        "你好,|我",
        "مرحبا، |أنا",
        "สวัสดีครับ |ผม",
        "ສະບາຍດີ |ຂ້ອຍ",
        "ကျွန်တော်၊ |ခင်ဗျား",
        "សួស្តី |ខ្ញុំ",
    ],
)
def test_a_clause_ends_after_its_mark_or_a_space_where_spaces_are_marks(text: str) -> None:
    before, after = text.split("|")
    assert clause_end(before + after, len(before + after)) == len(before)


@pytest.mark.parametrize("text", ["1,000 at 10:30", "ราคา 500 บาท", "well-known", "col·legi", "no mark"])
def test_a_mark_inside_of_a_word_or_a_number_ends_no_clause(text: str) -> None:
    assert clause_end(text, len(text)) == 0


def test_a_word_ends_with_the_space_after_it() -> None:
    assert (word_end("one two", 7), word_end("one", 3)) == (4, 0)


@pytest.mark.parametrize(
    "character",
    [
        "e\u0301",
        "👩\u200d👧",
        "👍🏽",
        "🇫🇷",
        "한",
        "क्ष",
        "เก",
        "\r\n",
    ],
)
def test_a_cut_anywhere_goes_through_no_character(character: str) -> None:
    text = "a" + character + "b"
    for at in range(1, len(character)):
        assert character_end(text, 1 + at) == 1
    assert character_end(text, 1 + len(character)) == 1 + len(character)


def test_a_character_without_end_is_cut_all_the_same() -> None:
    assert character_end("a" + "\u0301" * 1000, 500) == 500
