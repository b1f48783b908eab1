"""What the recognizer reported."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

import pytest

from livekit_plugins_azure_interpreter._sdk import events as _events
from livekit_plugins_azure_interpreter._sdk.events import Event, Phrase, RawPhrase, SynthesisEvent

BODY = {
    "SpeechPhrase": {
        "RecognitionStatus": "Success",
        "Offset": 0,
        "Duration": 1,
        "DisplayText": "Hello",
        "PrimaryLanguage": {"Language": "en-GB", "Confidence": "High"},
    },
    "Translations": [
        {"Language": "fr", "DisplayText": "Bonjour"},
        {"Language": "de", "DisplayText": "Hallo"},
    ],
}


def read(body: Any) -> Phrase:
    """The phrase of a message, given as JSON or as what becomes JSON."""
    return RawPhrase(1.5, 0.5, body if isinstance(body, str) else json.dumps(body)).read()


def test_a_phrase_is_read_whole_from_the_services_message() -> None:
    assert read(BODY) == Phrase(1.5, 0.5, "Hello", "en-GB", {"fr": "Bonjour", "de": "Hallo"})


def test_a_hypothesis_is_read_like_a_phrase() -> None:
    body = {
        "SpeechHypothesis": {"Text": "hello", "PrimaryLanguage": {"Language": "en-GB"}},
        "Translations": [{"Language": "fr", "Text": "bonjour"}],
    }
    assert read(body) == Phrase(1.5, 0.5, "hello", "en-GB", {"fr": "bonjour"})


@pytest.mark.parametrize(
    "body",
    [
        {"DisplayText": "Hello", "PrimaryLanguage": {"Language": "en-GB"}},
        {"NBest": [{"Display": "Hello"}], "PrimaryLanguage": {"Language": "en-GB"}},
        {"DisplayText": "", "NBest": [{"Display": "Hello"}], "PrimaryLanguage": {"Language": "en-GB"}},
    ],
)
def test_a_phrase_of_words_only_and_one_with_alternatives_is_read(body: Any) -> None:
    assert read(body) == Phrase(1.5, 0.5, "Hello", "en-GB")


def test_times_are_the_sdks() -> None:
    phrase = read(BODY)
    assert (phrase.offset_seconds, phrase.duration_seconds, phrase.end_seconds) == (1.5, 0.5, 2.0)


@pytest.mark.parametrize(
    "body",
    ["", "no JSON", "{", "[]", "null", "1", '"text"', "{}", {"SpeechPhrase": None}, {"SpeechPhrase": []}],
)
def test_a_message_that_cannot_be_read_is_an_empty_phrase(body: Any) -> None:
    assert read(body) == Phrase(1.5, 0.5, "")


@pytest.mark.parametrize("text", ["", " \u3000\n", None, 5, ["Hello"], "\ud83d", " \ude00 "])
def test_a_text_without_a_word_is_empty(text: object) -> None:
    entry = {"Language": "fr", "DisplayText": text}
    phrase = read({"SpeechPhrase": {"DisplayText": text}, "Translations": [entry]})
    assert (phrase.text, phrase.translations) == ("", {})


@pytest.mark.parametrize(
    "primary", [None, "en", [], {}, {"Language": ""}, {"Language": None}, {"Language": 5}]
)
def test_a_language_that_is_none_is_empty(primary: object) -> None:
    assert read({"SpeechPhrase": {"DisplayText": "Hello", "PrimaryLanguage": primary}}).language == ""


@pytest.mark.parametrize(
    "entries",
    [
        None,
        {},
        "fr",
        [],
        [None],
        ["fr"],
        [{}],
        [{"DisplayText": "Bonjour"}],
        [{"Language": 5, "DisplayText": "Bonjour"}],
        [{"Language": "fr"}],
        [{"Language": "fr", "DisplayText": ""}],
        [{"Language": "fr", "DisplayText": 5}],
    ],
)
def test_translations_that_are_none_are_empty(entries: object) -> None:
    assert read({**BODY, "Translations": entries}).translations == {}


def test_one_entry_that_cannot_be_read_does_not_hide_the_others() -> None:
    entries = [None, {"Language": "fr", "DisplayText": "Bonjour"}, {"Language": "de", "DisplayText": ""}]
    assert read({**BODY, "Translations": entries}).translations == {"fr": "Bonjour"}


def test_half_a_letter_is_left_out_and_a_whole_one_is_kept() -> None:
    body = r'{"DisplayText": "\ud83d Yes \ud83d\ude00 \ude00.", "PrimaryLanguage": {"Language": "en\udfff"}}'
    assert read(body) == Phrase(1.5, 0.5, " Yes \N{GRINNING FACE} .", "en")


@pytest.mark.parametrize(("status", "reason"), [("Error", "it failed"), ("Success", ""), (None, "")])
def test_the_reason_for_a_missing_translation_is_read(status: object, reason: str) -> None:
    body = {**BODY, "TranslationStatus": status, "FailureReason": "it failed"}
    assert read(body).failure_reason == reason


@pytest.mark.parametrize("kind", [*get_args(Event), Phrase, RawPhrase])
def test_an_event_cannot_be_changed(kind: type) -> None:
    event = kind(*(None for _ in dataclasses.fields(kind)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.anything = 1


def test_every_event_of_the_module_is_an_event() -> None:
    classes = {one for one in vars(_events).values() if dataclasses.is_dataclass(one)}
    assert classes - {Phrase, RawPhrase} == {*get_args(Event), *get_args(SynthesisEvent)}
