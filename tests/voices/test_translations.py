"""The translations of several streams: whose is meant, and what is kept of streams that have ended."""

from __future__ import annotations

import pytest
from fakes.pieces import PieceLedger as Ledger

from livekit_plugins_azure_interpreter._voices.samples import Samples
from livekit_plugins_azure_interpreter._voices.translations import _ENDED_LEDGERS, Translations
from livekit_plugins_azure_interpreter._voices.utterance import Utterance


@pytest.fixture
def translations() -> Translations:
    """Of two streams."""
    translations = Translations()
    translations.ledgers += [Ledger(), Ledger()]
    return translations


def _said(translations: Translations, stream: int, text: str, at: float) -> Utterance:
    return translations.ledgers[stream].recognized(text, at)


def test_the_oldest_of_equal_texts_is_meant_whichever_stream_it_is_of(translations: Translations) -> None:
    later = _said(translations, 0, "Oui.", 2.0)
    earlier = _said(translations, 1, "Oui.", 1.0)
    assert translations.oldest("Oui.") is earlier
    assert translations.claim("Oui.") == [earlier]
    assert translations.claim("Oui.") == [later]
    assert translations.claim("Oui.") == []


def test_each_is_handed_out_once_and_can_still_be_claimed(translations: Translations) -> None:
    first, second = _said(translations, 0, "Oui.", 1.0), _said(translations, 1, "Oui.", 2.0)
    handed_out = [translations.next("Oui.") for _ in range(3)]
    assert handed_out == [first.translation, second.translation, None]
    assert translations.claim(second.translation) == [second]
    assert translations.claim("Oui.") == [first]


def test_a_translation_is_claimed_by_identity_not_by_its_words(translations: Translations) -> None:
    _said(translations, 0, "Oui.", 1.0)
    second = _said(translations, 1, "Oui.", 2.0)
    assert translations.claim(second.translation) == [second]


def test_other_words_are_no_translation(translations: Translations) -> None:
    _said(translations, 0, "Oui.", 1.0)
    assert translations.claim("Non.") == []
    assert translations.next("Non.") is None
    assert translations.oldest("Non.") is None


def test_one_that_is_let_go_is_claimed_by_no_text(translations: Translations) -> None:
    first, second = _said(translations, 0, "Oui.", 1.0), _said(translations, 1, "Oui.", 2.0)
    translations.let_go(first.translation)
    assert translations.claim("Oui.") == [second]


def test_the_waiting_seconds_are_those_of_all_streams(translations: Translations) -> None:
    for stream, seconds in enumerate((0.5, 0.25)):
        _said(translations, stream, "Oui.", 1.0)
        translations.ledgers[stream].audio(Samples(b"\1\0" * int(16000 * seconds), 16000, starts=True), 1.1)
    assert translations.waiting_seconds() == 0.75
    translations.claim("Oui.")
    assert translations.waiting_seconds() == 0.25


def test_a_stream_that_has_ended_is_kept_while_something_of_it_can_be_claimed(
    translations: Translations,
) -> None:
    ended, live = translations.ledgers
    said = ended.recognized("Oui.", 1.0)
    translations.keep([live])
    assert translations.ledgers == [ended, live]
    assert translations.claim("Oui.") == [said]
    translations.keep([live])
    assert translations.ledgers == [live]


def test_the_latest_of_many_ended_streams_are_kept(translations: Translations) -> None:
    translations.ledgers = [Ledger() for _ in range(_ENDED_LEDGERS + 1)]
    said = [ledger.recognized(f"{number}", 1.0) for number, ledger in enumerate(translations.ledgers)]
    translations.keep([])
    assert translations.claim("0") == []
    assert translations.claim("1") == [said[1]]
    assert len(translations.ledgers) == _ENDED_LEDGERS


def test_letting_go_of_all_leaves_nothing_to_claim(translations: Translations) -> None:
    _said(translations, 0, "Oui.", 1.0)
    translations.let_go_of_all()
    assert translations.claim("Oui.") == []
    assert translations.ledgers == []
