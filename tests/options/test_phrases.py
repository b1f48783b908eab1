"""The words that Azure is told to expect."""

from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter._options.phrases import MOST_PHRASES, phrases, with_keyterms


@pytest.mark.parametrize("given", ["Contoso", ["Contoso", 5]])
def test_a_phrase_list_is_a_list_of_phrases(given: Any) -> None:
    with pytest.raises(ValueError, match="phrase_list takes a list of phrases"):
        phrases(given)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (None, ()),
        ([], ()),
        (["a", "b"], ("a", "b")),
        (["two\nlines", " Contoso\r\n", "Contoso", "", " "], ("two lines", "Contoso")),
        (["<b>AT&T</b>", '"quoted"'], ("<b>AT&T</b>", '"quoted"')),
        (["नमस्ते", "می\u200cروم"], ("नमस्ते", "می\u200cروم")),
    ],
)
def test_each_phrase_is_taken_once_and_on_one_line(given: Any, taken: tuple[str, ...]) -> None:
    assert phrases(given) == taken


@pytest.mark.parametrize(
    ("phrase", "character"), [("nul\x00", "U+0000"), ("\x1b[1m", "U+001B"), ("\ud83d", "U+D83D")]
)
def test_a_phrase_that_cannot_be_sent_is_refused(phrase: str, character: str) -> None:
    with pytest.raises(
        ValueError, match=rf"phrase_list has a phrase with the character {character[:1]}\{character[1:]}"
    ):
        phrases(["Contoso", phrase])


def test_more_phrases_than_azure_takes_are_refused() -> None:
    assert len(phrases([f"name {number}" for number in range(MOST_PHRASES)])) == MOST_PHRASES
    with pytest.raises(ValueError, match=r"at most 2000 phrases \(10000 given\)"):
        phrases([f"name {number}" for number in range(10_000)])


def test_keyterms_come_behind_the_phrases_that_were_given() -> None:
    assert with_keyterms(("Contoso",), ["LiveKit\n", "Contoso", "x\x00"]) == (("Contoso", "LiveKit"), 1)


def test_keyterms_beyond_azures_limit_are_left_out() -> None:
    kept, left_out = with_keyterms(("Contoso",), [f"name {number}" for number in range(10_000)])
    assert (kept[0], len(kept), left_out) == ("Contoso", MOST_PHRASES, 8001)
