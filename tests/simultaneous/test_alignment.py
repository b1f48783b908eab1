from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._simultaneous.alignment import Change, align


def _change(said: tuple[int, int], text: tuple[int, int]) -> Change:
    return Change(range(*said), range(*text))


@pytest.mark.parametrize(
    ("said", "text", "rest"),
    [
        ("", "a b", "a b"),
        ("a b", "a b c", "c"),
        ("a b", "a b", ""),
        ("a x", "a b c", "b c"),
        ("a x c", "a b c d", "d"),
        ("a b c", "a c d", "d"),
        ("a c", "a b c d", "d"),
        ("a b c d", "a b", ""),
        ("x b c", "a b c d", "d"),
        ("the cat and the dog", "the cat and the dog and the bird", "and the bird"),
        ("ich habe das buch", "ich das buch habe gelesen", "habe gelesen"),
    ],
)
def test_the_rest_begins_where_what_was_said_ends(said: str, text: str, rest: str) -> None:
    assert text.split()[align(said.split(), text.split()).end :] == rest.split()


@pytest.mark.parametrize(
    ("said", "text", "changes"),
    [
        ("a b", "a b c", []),
        ("a x c", "a b c", [_change((1, 2), (1, 2))]),
        ("a c", "a b c", [_change((1, 1), (1, 2))]),
        ("a b c", "a c", [_change((1, 2), (1, 1))]),
        ("a x", "a b", [_change((1, 2), (1, 1))]),
        ("x b y d", "a b d", [_change((0, 1), (0, 1)), _change((2, 3), (2, 2))]),
        ("x b d", "a b c d", [_change((0, 1), (0, 1)), _change((2, 2), (2, 3))]),
        ("x b y d", "a b c d", [_change((0, 1), (0, 1)), _change((2, 3), (2, 3))]),
    ],
)
def test_the_changes_are_what_the_text_has_otherwise(said: str, text: str, changes: list[Change]) -> None:
    assert list(align(said.split(), text.split()).changes) == changes


@pytest.mark.parametrize(
    ("said", "text", "places"),
    [
        ("a b", "a b c", [0, 1]),
        ("a x c", "a b c", [0, 1, 2]),
        ("a c", "a b c", [0, 0, 1]),
        ("c", "a b c", []),
        ("a b c", "a c", [0, 2]),
        ("b c", "a b c", [0, 0, 1]),
    ],
)
def test_each_word_of_the_text_has_the_place_where_it_was_said(
    said: str, text: str, places: list[int]
) -> None:
    assert align(said.split(), text.split()).places() == places


def test_a_long_text_that_is_all_different_stands_for_nothing() -> None:
    found = align([f"a{number}" for number in range(300)], [f"b{number}" for number in range(300)])
    assert (found.end, len(found.changes)) == (0, 1)


def test_a_short_beginning_of_what_was_said_has_nothing_to_come() -> None:
    said = [f"a{number}" for number in range(300)]
    assert align(said, said[:5]).end == 5
