"""The translations of several streams: whose is meant, and what is kept of streams that have ended."""

from __future__ import annotations

import pytest
from fakes.pieces import PieceLedger as Ledger

from livekit_plugins_azure_interpreter._voices.ledger import Ledger as LanguageLedger
from livekit_plugins_azure_interpreter._voices.ledgers import Ledgers
from livekit_plugins_azure_interpreter._voices.samples import Samples
from livekit_plugins_azure_interpreter._voices.translations import _ENDED_STREAMS, Translations
from livekit_plugins_azure_interpreter._voices.utterance import Utterance


class _Heard:
    """The translations of streams, and what each stream gets to hear."""

    def __init__(self, streams: int = 2) -> None:
        self.streams = [Ledger() for _ in range(streams)]
        self.translations = Translations()
        self.translations.streams += [stream.ledgers for stream in self.streams]

    def said(self, stream: int, text: str, at: float) -> Utterance:
        return self.streams[stream].recognized(text, at)


@pytest.fixture
def heard() -> _Heard:
    return _Heard()


@pytest.fixture
def translations(heard: _Heard) -> Translations:
    return heard.translations


def test_the_oldest_of_equal_texts_is_meant_whichever_stream_it_is_of(
    heard: _Heard, translations: Translations
) -> None:
    later = heard.said(0, "Oui.", 2.0)
    earlier = heard.said(1, "Oui.", 1.0)
    assert translations.oldest("Oui.") is earlier
    assert translations.claim("Oui.") == [earlier]
    assert translations.claim("Oui.") == [later]
    assert translations.claim("Oui.") == []


def test_each_is_handed_out_once_and_can_still_be_claimed(heard: _Heard, translations: Translations) -> None:
    first, second = heard.said(0, "Oui.", 1.0), heard.said(1, "Oui.", 2.0)
    handed_out = [translations.next("Oui.") for _ in range(3)]
    assert handed_out == [first.translation, second.translation, None]
    assert translations.claim(second.translation) == [second]
    assert translations.claim("Oui.") == [first]


def test_a_translation_is_claimed_by_identity_not_by_its_words(
    heard: _Heard, translations: Translations
) -> None:
    heard.said(0, "Oui.", 1.0)
    second = heard.said(1, "Oui.", 2.0)
    assert translations.claim(second.translation) == [second]


def test_other_words_are_no_translation(heard: _Heard, translations: Translations) -> None:
    heard.said(0, "Oui.", 1.0)
    assert translations.claim("Non.") == []
    assert translations.next("Non.") is None
    assert translations.oldest("Non.") is None


def test_one_that_is_let_go_is_claimed_by_no_text(heard: _Heard, translations: Translations) -> None:
    first, second = heard.said(0, "Oui.", 1.0), heard.said(1, "Oui.", 2.0)
    translations.let_go(first.translation)
    assert translations.claim("Oui.") == [second]


def test_the_waiting_seconds_are_those_of_all_streams(heard: _Heard, translations: Translations) -> None:
    for stream, seconds in enumerate((0.5, 0.25)):
        heard.said(stream, "Oui.", 1.0)
        heard.streams[stream].audio(Samples(b"\1\0" * int(16000 * seconds), 16000, starts=True), 1.1)
    assert translations.waiting_seconds() == 0.75
    translations.claim("Oui.")
    assert translations.waiting_seconds() == 0.25


def test_a_stream_that_has_ended_is_kept_while_something_of_it_can_be_claimed(
    heard: _Heard, translations: Translations
) -> None:
    ended, live = translations.streams
    said = heard.said(0, "Oui.", 1.0)
    translations.keep([live])
    assert translations.streams == [ended, live]
    assert translations.claim("Oui.") == [said]
    translations.keep([live])
    assert translations.streams == [live]


def test_the_latest_of_many_ended_streams_are_kept() -> None:
    heard = _Heard(_ENDED_STREAMS + 1)
    translations = heard.translations
    said = [heard.said(number, f"{number}", 1.0) for number in range(_ENDED_STREAMS + 1)]
    translations.keep([])
    assert translations.claim("0") == []
    assert translations.claim("1") == [said[1]]
    assert len(translations.streams) == _ENDED_STREAMS


def test_letting_go_of_all_leaves_nothing_to_claim(heard: _Heard, translations: Translations) -> None:
    heard.said(0, "Oui.", 1.0)
    translations.let_go_of_all()
    assert translations.claim("Oui.") == []
    assert translations.streams == []


def test_a_search_is_for_one_language_the_main_one_if_none_is_named() -> None:
    ledgers = Ledgers(lambda language, is_main: LanguageLedger(language, is_main=is_main))
    ledgers.speak(["fr", "de"])
    said = ledgers.recognized({"fr": "Oui.", "de": "Ja."}, 0.0, voiced=["fr", "de"])
    translations = Translations()
    translations.streams.append(ledgers)
    assert translations.oldest("Ja.") is None
    assert translations.claim(said["de"].translation) == []
    assert translations.claim("Ja.", None, "de") == [said["de"]]
    assert translations.next("Oui.") == said["fr"].translation
    assert translations.claim("Oui.", None, "fr") == [said["fr"]]
