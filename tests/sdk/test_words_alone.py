"""Each utterance is reported once, whichever results come of it, and in whatever order."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._sdk.events import (
    Connected,
    Event,
    Failed,
    Finished,
    RawPhrase,
    Recognized,
    TurnEnded,
    WordsRecognized,
)
from livekit_plugins_azure_interpreter._sdk.words_alone import WordsAlone

_FIRST, _SECOND = Recognized(RawPhrase(1.0, 0.5, "translated")), Recognized(RawPhrase(2.0, 0.5, "translated"))
_FIRST_WORDS, _SECOND_WORDS = RawPhrase(1.0, 0.5, "words"), RawPhrase(2.0, 0.5, "words")
_FIRST_ALONE, _SECOND_ALONE = WordsRecognized(_FIRST_WORDS), WordsRecognized(_SECOND_WORDS)


def _reported(*events: Event) -> list[Event]:
    words_alone = WordsAlone()
    return [reported for event in events for reported in words_alone.take(event)]


@pytest.mark.parametrize(
    ("results", "reported"),
    [
        ([_FIRST_ALONE, _FIRST, _SECOND_ALONE, _SECOND], [_FIRST, _SECOND]),
        ([_FIRST, _FIRST_ALONE, _SECOND, _SECOND_ALONE], [_FIRST, _SECOND]),
        ([_FIRST_ALONE, _SECOND_ALONE], [Recognized(_FIRST_WORDS), Recognized(_SECOND_WORDS)]),
        ([_FIRST_ALONE, _SECOND], [Recognized(_FIRST_WORDS), _SECOND]),
        ([_FIRST, _SECOND_ALONE], [_FIRST, Recognized(_SECOND_WORDS)]),
        ([_FIRST, _SECOND], [_FIRST, _SECOND]),
    ],
    ids=["before", "after", "never translated", "the first is not", "the last is not", "no words alone"],
)
def test_an_utterance_is_reported_once(results: list[Event], reported: list[Event]) -> None:
    assert _reported(*results, TurnEnded()) == reported


@pytest.mark.parametrize("end", [Finished(), Failed("ServiceError", "it broke")])
def test_words_are_reported_before_the_end_of_the_session(end: Event) -> None:
    assert _reported(_FIRST_ALONE, end) == [Recognized(_FIRST_WORDS), end]


def test_other_events_pass_while_words_wait() -> None:
    assert _reported(_FIRST_ALONE, Connected(), _FIRST) == [Connected(), _FIRST]


def test_words_that_waited_long_enough_are_reported_once() -> None:
    words_alone = WordsAlone()
    words_alone.take(_FIRST_ALONE)
    assert words_alone.is_waiting
    assert words_alone.release() == [Recognized(_FIRST_WORDS)]
    assert not words_alone.is_waiting
    assert words_alone.take(TurnEnded()) == []
