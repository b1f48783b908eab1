"""Each utterance is reported once, whichever results come of it, and in whatever order."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._sdk.events import RawPhrase
from livekit_plugins_azure_interpreter._sdk.words_alone import WordsAlone

_FIRST, _FIRST_ALONE = RawPhrase(1.0, 0.5, "translated"), RawPhrase(1.0, 0.5, "words")
_SECOND, _SECOND_ALONE = RawPhrase(2.0, 0.5, "translated"), RawPhrase(2.0, 0.5, "words")


def _reported(*results: RawPhrase) -> list[RawPhrase]:
    """What is reported of these results and of the end of the turn, in order."""
    words_alone, reported = WordsAlone(), list[RawPhrase | None]()
    for result in results:
        if result.body == "words":
            reported.append(words_alone.words(result))
        else:
            reported += [words_alone.translated(result), result]
    return [phrase for phrase in [*reported, words_alone.over(), words_alone.over()] if phrase is not None]


@pytest.mark.parametrize(
    ("results", "reported"),
    [
        ([_FIRST_ALONE, _FIRST, _SECOND_ALONE, _SECOND], [_FIRST, _SECOND]),
        ([_FIRST, _FIRST_ALONE, _SECOND, _SECOND_ALONE], [_FIRST, _SECOND]),
        ([_FIRST_ALONE, _SECOND_ALONE], [_FIRST_ALONE, _SECOND_ALONE]),
        ([_FIRST_ALONE, _SECOND], [_FIRST_ALONE, _SECOND]),
        ([_FIRST, _SECOND_ALONE], [_FIRST, _SECOND_ALONE]),
        ([_FIRST, _SECOND], [_FIRST, _SECOND]),
    ],
    ids=["before", "after", "never translated", "the first is not", "the last is not", "no words alone"],
)
def test_an_utterance_is_reported_once(results: list[RawPhrase], reported: list[RawPhrase]) -> None:
    assert _reported(*results) == reported
