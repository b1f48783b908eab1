"""Text whose characters come in halves."""

from __future__ import annotations

import pytest
from fakes.texts import ANY_TEXT
from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._speaking.whole_characters import WholeCharacters, whole_characters


class TestWholeCharacters:
    @pytest.mark.parametrize(
        ("pieces", "whole"),
        [
            (["Hello \ud83d"], ["Hello "]),
            (["\ud83d", "\ude00"], ["", "😀"]),
            (["a\ud83d", "\ude00b"], ["a", "😀b"]),
            (["a\ud83d", "", "\ude00b"], ["a", "", "😀b"]),
            (["\ude00\ud83d", "b"], ["", "b"]),
            (["\ud83d", "\ud83d", "\ude00"], ["", "", "😀"]),
            (["\ufeffé😀"], ["\ufeffé😀"]),
        ],
    )
    def test_halves_are_joined_over_pieces_and_single_ones_dropped(
        self, pieces: list[str], whole: list[str]
    ) -> None:
        characters = WholeCharacters()
        assert [characters.push(piece) for piece in pieces] == whole

    def test_a_piece_without_halves_stays_the_very_object(self) -> None:
        class Translation(str):
            pass

        text = Translation("Bonjour 😀")
        assert WholeCharacters().push(text) is text
        assert whole_characters(text) is text

    @given(st.lists(ANY_TEXT))
    def test_any_pieces_make_the_text_that_can_be_sent(self, pieces: list[str]) -> None:
        characters = WholeCharacters()
        joined = "".join([characters.push(piece) for piece in pieces])
        assert joined == whole_characters("".join(pieces))
        joined.encode()
