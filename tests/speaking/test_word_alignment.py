"""Timed words that are the text, when they are joined."""

from __future__ import annotations

from livekit.agents.types import TimedString

from livekit_plugins_azure_interpreter._sdk.events import WordBoundary
from livekit_plugins_azure_interpreter._speaking.word_alignment import WordAligner


def word(text: str, offset: float, duration: float = 0.25) -> WordBoundary:
    return WordBoundary(text, offset, duration, "r1")


def times(timed: TimedString | None) -> tuple[str, object, object] | None:
    return None if timed is None else (str(timed), timed.start_time, timed.end_time)


def test_each_word_comes_with_what_stands_before_it() -> None:
    timings = WordAligner("Well, hello you!", 2.0)
    assert times(timings.reached(word("Well", 0.0))) == ("Well", 2.0, 2.25)
    assert times(timings.reached(word("hello", 0.5))) == (", hello", 2.5, 2.75)
    assert times(timings.reached(word("you", 0.75))) == (" you", 2.75, 3.0)
    assert times(timings.end(3.5)) == ("!", 3.0, 3.5)
    assert timings.end(3.5) is None


def test_a_text_without_words_is_timed_as_a_whole() -> None:
    assert times(WordAligner("Hello you.", 1.0).end(2.5)) == ("Hello you.", 1.0, 2.5)


def test_a_word_that_is_not_there_or_not_near_is_left_out() -> None:
    timings = WordAligner("1 dog" + "." * 100 + "one", 0.0)
    assert timings.reached(word("one", 0.0)) is None
    assert timings.reached(word("", 0.1)) is None
    assert times(timings.reached(word("dog", 0.25))) == ("1 dog", 0.25, 0.5)


def test_the_same_word_twice_is_two_places() -> None:
    timings = WordAligner("the cat the dog", 0.0)
    said = [timings.reached(word(text, at / 4)) for at, text in enumerate(["the", "cat", "the", "dog"])]
    assert said == ["the", " cat", " the", " dog"]


def test_a_repeated_word_is_no_news() -> None:
    timings = WordAligner("the cat the dog", 0.0)
    told = [word("the", 0.0), word("cat", 0.25)]
    assert [timings.reached(one) for one in told] == ["the", " cat"]
    assert [timings.reached(one) for one in told] == [None, None]
    assert timings.reached(word("the", 0.5)) == " the"


def test_a_voice_that_is_shorter_than_its_words_does_not_end_before_them() -> None:
    timings = WordAligner("Hello.", 0.0)
    timings.reached(word("Hello", 0.0, 1.0))
    assert times(timings.end(0.5)) == (".", 1.0, 1.0)
