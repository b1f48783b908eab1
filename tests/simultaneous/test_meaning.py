from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._simultaneous.meaning import changes_meaning


@pytest.mark.parametrize(
    ("said", "text", "language"),
    [
        ("5", "6", "en"),
        ("12:30", "12:40", "fr"),
        ("", "not", "en"),
        ("do", "don't", "en-GB"),
        ("a", "n’a", "fr"),
        ("eine", "keine", "de"),
        ("monday", "friday", "en"),
        ("", "beautiful", "en"),
        ("beautiful", "", "en"),
        ("買", "売", "ja"),
        ("す", "せん", "ja"),
        ("", "不", "zh-CN"),
    ],
)
def test_a_number_a_negation_or_a_content_word_changes_the_meaning(
    said: str, text: str, language: str
) -> None:
    assert changes_meaning(said.split(), text.split(), language)


@pytest.mark.parametrize(
    ("said", "text", "language"),
    [
        ("the", "a", "en"),
        ("", "of", "en"),
        ("houses", "house", "en"),
        ("the houses", "houses a", "en"),
        ("befriedigende", "befriedigenden", "de"),
        ("pas", "de", "en"),
        ("を", "は", "ja"),
    ],
)
def test_a_small_word_or_another_form_does_not(said: str, text: str, language: str) -> None:
    assert not changes_meaning(said.split(), text.split(), language)
