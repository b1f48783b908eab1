"""How long texts take, in several scripts."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._speaking.text_cost import character_cost, seconds_to_say


@pytest.mark.parametrize(
    ("text", "at_usual_pace_seconds"),
    [
        ("This is what an ordinary sentence of everyday English sounds like.", 4.0),
        ("1234567890", 4.5),
        ("今天天气很好，我们一起去公园散步吧。", 3.7),
        ("今日は天気がいいので、公園を散歩しましょう。", 3.5),
        ("오늘은 날씨가 좋으니 공원을 산책합시다.", 3.2),
        ("الطقس جميل اليوم، فلنتمشّ في الحديقة.", 2.8),
        ("वन्दे मातरम्, आज मौसम बहुत अच्छा है।", 2.6),
        ("วันนี้อากาศดีมาก เราไปเดินเล่นที่สวนกันเถอะ", 3.3),
    ],
)
def test_a_text_is_taken_to_last_longer_than_it_does_but_not_many_times(
    text: str, at_usual_pace_seconds: float
) -> None:
    assert 1.1 <= seconds_to_say(text) / at_usual_pace_seconds < 3.0


@pytest.mark.parametrize(
    ("character", "ssml_bytes"), [("a", 1), ("é", 2), ("語", 3), ("😀", 4), ("&", 5), ("<", 4)]
)
def test_a_character_costs_its_bytes_as_they_are_sent(character: str, ssml_bytes: int) -> None:
    assert character_cost(character).ssml_bytes == ssml_bytes


def test_nothing_is_free() -> None:
    assert all(character_cost(character).seconds > 0 for character in "\u200b\x00 \n")
