from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest
from fakes.texts import ANY_TEXT
from hypothesis import given

from livekit_plugins_azure_interpreter.emulator.synthesis.metadata import (
    MetadataOptions,
    metadata,
    whole_sentences,
)
from livekit_plugins_azure_interpreter.emulator.synthesis.ssml import Bookmark, Document

_ALL = MetadataOptions(*[True] * len(dataclasses.fields(MetadataOptions)))


def _data(document: Document | str, seconds: float = 1.0, **wanted: bool) -> list[dict[str, Any]]:
    document = Document(document) if isinstance(document, str) else document
    return [entry["Data"] for entry in metadata(document, seconds, MetadataOptions(**wanted))]


class TestMetadataOptions:
    def test_it_is_read_from_booleans_and_from_words(self) -> None:
        wanted = {"wordBoundaryEnabled": "true", "visemeEnabled": True, "bookmarkEnabled": "false"}
        assert MetadataOptions.parse(wanted) == MetadataOptions(words=True, punctuation=True, visemes=True)

    @pytest.mark.parametrize("words", [True, False])
    def test_its_punctuation_comes_with_words_only(self, words: bool) -> None:
        found = MetadataOptions.parse({"wordBoundaryEnabled": words})
        assert (found.words, found.punctuation) == (words, words)

    def test_its_punctuation_can_be_refused(self) -> None:
        wanted = {"wordBoundaryEnabled": True, "punctuationBoundaryEnabled": "false"}
        assert MetadataOptions.parse(wanted) == MetadataOptions(words=True)

    def test_it_wants_sentences_and_the_end_of_the_session(self) -> None:
        wanted = {"sentenceBoundaryEnabled": True, "sessionEndEnabled": True}
        assert MetadataOptions.parse(wanted) == MetadataOptions(sentences=True, session_end=True)


class TestWords:
    def test_each_word_has_its_place_and_its_kind(self) -> None:
        told = _data("It's so, yes.", 1.1, words=True, punctuation=True)
        assert [(one["text"]["Text"], one["text"]["BoundaryType"]) for one in told] == [
            ("It's", "WordBoundary"),
            ("so", "WordBoundary"),
            (",", "PunctuationBoundary"),
            ("yes", "WordBoundary"),
            (".", "PunctuationBoundary"),
        ]
        assert [one["Offset"] for one in told] == [0, 4_000_000, 6_000_000, 7_000_000, 10_000_000]
        assert told[0]["Duration"] == 4_000_000

    def test_punctuation_is_left_out_where_it_is_not_wanted(self) -> None:
        assert [one["text"]["Text"] for one in _data("So, yes.", words=True)] == ["So", "yes"]

    def test_a_text_is_spelled_as_in_the_ssml(self) -> None:
        assert [one["text"]["Text"] for one in _data("A & B", words=True, punctuation=True)] == [
            "A",
            "&amp;",
            "B",
        ]


class TestSentences:
    def test_each_sentence_has_its_place(self) -> None:
        told = _data("It is 3.5 m. Really?! 好。是", sentences=True)
        assert [one["text"]["Text"] for one in told] == ["It is 3.5 m.", "Really?!", "好。", "是"]
        assert {one["text"]["BoundaryType"] for one in told} == {"SentenceBoundary"}
        ends = [one["Offset"] + one["Duration"] for one in told]
        assert [one["Offset"] for one in told] == [0, *ends[:-1]]
        assert ends[-1] == 10_000_000

    def test_a_long_row_of_stops_takes_no_time(self) -> None:
        began_at = time.monotonic()
        _data("." * 60_000 + "x", sentences=True)
        assert time.monotonic() - began_at < 5.0


class TestVisemes:
    def test_mouths_move_with_the_letters_and_close_at_the_end(self) -> None:
        told = _data("Mai, 是", 0.6, visemes=True)
        assert [one["VisemeId"] for one in told] == [21, 1, 6, 0, 1, 0]
        assert [one["Offset"] for one in told] == [*range(0, 6_000_000, 1_200_000), 6_000_000]
        assert all(one["IsLastAnimation"] for one in told)


class TestBookmarks:
    def test_a_bookmark_is_reached_with_the_word_behind_it(self) -> None:
        marks = tuple(Bookmark(f"at {place}", place) for place in (0, 3, 4, 7))
        told = _data(Document("One two", marks), 0.6, bookmarks=True)
        assert [one["Bookmark"] for one in told] == ["at 0", "at 3", "at 4", "at 7"]
        assert [one["Offset"] for one in told] == [0, 3_000_000, 3_000_000, 6_000_000]


class TestEverything:
    def test_all_kinds_are_told(self) -> None:
        told = metadata(Document("One two.", (Bookmark("end", 8),)), 0.5, _ALL)
        assert {one["Type"] for one in told} == {"Bookmark", "SentenceBoundary", "Viseme", "WordBoundary"}

    def test_places_count_from_the_start_of_the_audio(self) -> None:
        first = metadata(Document("One two."), 0.5, _ALL)
        later = metadata(Document("One two."), 0.5, _ALL, start_seconds=2.0)
        places = [[one["Data"]["Offset"] for one in told] for told in (first, later)]
        assert places[1] == [place + 20_000_000 for place in places[0]]

    def test_a_client_that_wants_nothing_is_told_nothing(self) -> None:
        assert metadata(Document("One two."), 0.5, MetadataOptions()) == []

    def test_silence_has_no_words(self) -> None:
        assert _data("...", 0.0, words=True, punctuation=True, sentences=True) == []

    @given(ANY_TEXT)
    def test_places_of_any_text_are_in_order_and_within_its_voice(self, text: str) -> None:
        places = [entry["Data"]["Offset"] for entry in metadata(Document(text), 0.5, _ALL)]
        assert places == sorted(places)
        assert all(0 <= place <= 5_000_000 for place in places)


class TestWholeSentences:
    @pytest.mark.parametrize(
        ("text", "end"),
        [
            ("", 0),
            ("Hello", 0),
            ("Hello.", 0),
            ("Hello. ", 6),
            ("3.5 m", 0),
            ("One! Two? Thr", 9),
            ("好。", 0),
            ("好。是", 2),
            ("好。。是", 3),
        ],
    )
    def test_a_sentence_is_over_when_something_comes_behind_it(self, text: str, end: int) -> None:
        assert whole_sentences(text) == end

    def test_an_end_at_the_edge_of_two_pieces_is_found(self) -> None:
        assert whole_sentences("Hello. You", searched=6) == 6
