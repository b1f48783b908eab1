"""What is spoken when, of a text that is still being written."""

from __future__ import annotations

import pytest
from fakes.texts import ANY_TEXT
from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._speaking.portions import Portions
from livekit_plugins_azure_interpreter._speaking.text_cost import character_cost, seconds_to_say


def portions(most_seconds: float = 300.0, most_bytes: int = 65_000) -> Portions:
    return Portions(most_seconds=most_seconds, most_bytes=most_bytes)


def all_of(text: str, most_seconds: float = 300.0, most_bytes: int = 65_000) -> list[str]:
    whole = portions(most_seconds, most_bytes)
    whole.push(text)
    whole.flush()
    return list(iter(whole.take, ""))


class TestFirst:
    @pytest.mark.parametrize(
        "text",
        [
            "Hi. |I am here to help.",
            "Well, |I think that I can help you.",
            "你好，|我是来帮忙的。",
            "こんにちは。|お手伝いします。",
            "안녕하세요. |무엇을 도와드릴까요?",
            "مرحبا، |أنا هنا للمساعدة.",
            "नमस्ते, |मैं मदद के लिए हूँ।",
            "สวัสดีครับ |ผมมาช่วยครับ",
            "ສະບາຍດີ |ຂ້ອຍມາຊ່ວຍ",
            "မင်္ဂလာပါ၊ |ကျွန်တော် ကူညီပါမယ်။",
            "សួស្តី |ខ្ញុំមកជួយ",
            "Γεια σας, |είμαι εδώ.",
            "Здравствуйте, |я здесь.",
            "שלום, |אני כאן.",
            "ሰላም፣ |እኔ እዚህ ነኝ።",
            "Բարեւ, |ես այստեղ եմ։",
        ],
    )
    def test_the_first_portion_is_the_first_clause_as_soon_as_that_has_come(self, text: str) -> None:
        clause, rest = text.split("|")
        coming = portions()
        for character in clause.rstrip():
            assert coming.take() == ""
            coming.push(character)
        coming.push(clause[len(clause.rstrip()) :] + rest[0])
        assert coming.take() == clause

    def test_the_first_portion_is_all_that_has_come_up_to_the_last_sentence(self) -> None:
        coming = portions()
        coming.push("One. Two, two. Three, and")
        assert coming.take() == "One. Two, two. "

    def test_text_without_sound_waits_for_text_with_sound(self) -> None:
        coming = portions()
        coming.push("… ")
        assert coming.take() == ""
        coming.push("Hello. I")
        assert coming.take() == "… Hello. "


class TestLater:
    def test_a_later_portion_is_a_sentence_not_a_short_clause(self) -> None:
        coming = portions()
        coming.push("Well, ")
        coming.take()
        coming.push("so, I think")
        assert coming.take() == ""
        coming.push(" that is it. Then")
        assert coming.take() == "so, I think that is it. "

    def test_a_sentence_that_is_long_in_coming_is_cut_after_a_clause(self) -> None:
        coming = portions()
        coming.push("Well, ")
        coming.take()
        clause = "this is a clause that takes some seconds to say aloud, "
        coming.push(clause + "and it goes on")
        assert coming.take() == clause

    @pytest.mark.parametrize(("letter", "space"), [("word ", " "), ("字", "")])
    def test_text_without_marks_does_not_wait_for_its_end(self, letter: str, space: str) -> None:
        coming = portions()
        while not (taken := coming.take()):
            coming.push(letter)
        assert seconds_to_say(taken) < 21.0
        assert taken.endswith(space)


class TestFlush:
    def test_a_flush_speaks_what_has_come_and_nothing_after_it(self) -> None:
        coming = portions()
        coming.push("Not a whole sen")
        coming.flush()
        coming.push("tence")
        assert [coming.take(), coming.take()] == ["Not a whole sen", ""]


class TestLength:
    def test_a_portion_ends_after_a_sentence_then_a_clause_then_a_word_then_anywhere(self) -> None:
        assert all_of("One two. Three, four five. ", 1.7) == ["One two. ", "Three, ", "four five. "]
        assert all_of("one two three four", 1.0) == ["one two ", "three four"]
        assert all_of("字" * 7, 1.0) == ["字字", "字字", "字字", "字"]

    def test_bytes_bound_it_as_seconds_do(self) -> None:
        assert all_of("&" * 5, most_bytes=10) == ["&&", "&&", "&"]

    @pytest.mark.parametrize(
        ("text", "requests"),
        [
            ("很" * 92_000, 92_000 / 750),
            ("很好，我们走吧。" * 11_500, 92_000 / 750),
            ("This is one of many sentences. " * 645, 20_000 / 3_200),
            ("This is one of many sentences. " * 6_450, 200_000 / 3_200),
        ],
    )
    def test_a_very_long_text_is_said_in_requests_that_azure_takes(self, text: str, requests: float) -> None:
        parts = all_of(text)
        assert "".join(parts) == text
        assert all(seconds_to_say(part) <= 300.0 and len(part.encode()) <= 65_000 for part in parts)
        assert requests * 0.9 < len(parts) < requests * 1.3

    def test_the_text_that_is_looked_at_does_not_grow_with_the_length(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked_at = 0

        def counted(character: str) -> object:
            nonlocal looked_at
            looked_at += 1
            return character_cost(character)

        monkeypatch.setattr("livekit_plugins_azure_interpreter._speaking.portions.character_cost", counted)
        for length in (32_000, 200_000):
            whole = portions()
            whole.push("很" * length)
            looked_at = 0
            whole.take()
            assert looked_at < 1_000

    @given(st.lists(ANY_TEXT), st.floats(0.1, 3.0))
    def test_any_text_is_said_whole_in_order_and_within_bounds(
        self, pieces: list[str], most_seconds: float
    ) -> None:
        coming, taken = portions(most_seconds, 100), list[str]()
        for piece in pieces:
            coming.push(piece)
            taken += iter(coming.take, "")
        coming.flush()
        taken += iter(coming.take, "")
        assert "".join(taken) == "".join(pieces)
        assert all(seconds_to_say(part) <= most_seconds or len(part) == 1 for part in taken)
