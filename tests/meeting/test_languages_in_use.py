"""The languages of a stream: those that are wanted, and those that have a result to come."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._meeting.languages_in_use import LanguagesInUse


@pytest.fixture
def languages() -> LanguagesInUse:
    languages = LanguagesInUse()
    languages.want(["fr", "de"], ["fr", "ja"], 0.0)
    return languages


def test_spoken_languages_are_targets_too(languages: LanguagesInUse) -> None:
    assert languages.spoken == ("fr", "de")
    assert languages.targets == ("fr", "de", "ja")
    assert not languages.has_unwanted


def test_an_unwanted_language_stays_until_it_is_released(languages: LanguagesInUse) -> None:
    languages.want(["de"], [], 3.0)
    assert languages.has_unwanted
    assert languages.targets == ("fr", "de", "ja")
    languages.release()
    assert (languages.spoken, languages.targets) == (("de",), ("de",))
    assert not languages.has_unwanted


def test_an_unwanted_language_is_unspoken_when_its_words_have_their_result(languages: LanguagesInUse) -> None:
    languages.want(["de"], [], 3.0)
    languages.want(["de"], [], 5.0)
    assert languages.unspoken(lambda position: position <= 2.9) == []
    assert languages.unspoken(lambda position: position <= 3.0) == ["fr"]


def test_a_language_that_is_wanted_again_stays_in_its_place(languages: LanguagesInUse) -> None:
    languages.want(["de"], [], 3.0)
    languages.want(["de", "fr"], ["ja"], 4.0)
    languages.release()
    assert (languages.spoken, languages.targets) == (("fr", "de"), ("fr", "de", "ja"))


def test_a_language_loses_its_voice_and_can_still_be_read(languages: LanguagesInUse) -> None:
    languages.want(["de"], ["fr"], 3.0)
    languages.release()
    assert (languages.spoken, languages.targets) == (("de",), ("fr", "de"))
