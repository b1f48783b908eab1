"""What the recognizer reported."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

import pytest

from livekit_plugins_azure_interpreter import _events
from livekit_plugins_azure_interpreter._events import Event, Phrase, RawPhrase, SynthesisEvent

CUT = RawPhrase(1.5, 0.5, "Hel", "en-US", {"fr": "Bon"})
"""As the SDK gives it, which cuts long texts."""
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
    return dataclasses.replace(CUT, body=body if isinstance(body, str) else json.dumps(body)).read()


def test_a_phrase_is_read_whole_from_the_services_message() -> None:
    assert read(BODY) == Phrase(1.5, 0.5, "Hello", "en-GB", {"fr": "Bonjour", "de": "Hallo"})


def test_a_hypothesis_is_read_like_a_phrase() -> None:
    body = {
        "SpeechHypothesis": {"Text": "hello", "PrimaryLanguage": {"Language": "en-GB"}},
        "Translations": [{"Language": "fr", "Text": "bonjour"}],
    }
    assert read(body) == Phrase(1.5, 0.5, "hello", "en-GB", {"fr": "bonjour"})


def test_times_are_the_sdks() -> None:
    phrase = read(BODY)
    assert (phrase.offset_seconds, phrase.duration_seconds, phrase.end_seconds) == (1.5, 0.5, 2.0)


@pytest.mark.parametrize(
    "body",
    ["", "no JSON", "{", "[]", "null", "1", '"text"', "{}", {"SpeechPhrase": None}, {"SpeechPhrase": []}],
)
def test_without_a_message_that_can_be_read_the_sdks_fields_are_taken(body: Any) -> None:
    assert read(body) == Phrase(1.5, 0.5, "Hel", "en-US", {"fr": "Bon"})


@pytest.mark.parametrize("text", ["", None, 5, ["Hello"]])
def test_a_text_that_is_none_is_taken_from_the_sdk(text: object) -> None:
    assert read({"SpeechPhrase": {"DisplayText": text}}).text == "Hel"


@pytest.mark.parametrize(
    "primary", [None, "en", [], {}, {"Language": ""}, {"Language": None}, {"Language": 5}]
)
def test_a_language_that_is_none_is_taken_from_the_sdk(primary: object) -> None:
    assert read({"SpeechPhrase": {"DisplayText": "Hello", "PrimaryLanguage": primary}}).language == "en-US"


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
def test_translations_that_are_none_are_taken_from_the_sdk(entries: object) -> None:
    assert read({**BODY, "Translations": entries}).translations == {"fr": "Bon"}


def test_one_entry_that_cannot_be_read_does_not_hide_the_others() -> None:
    entries = [None, {"Language": "fr", "DisplayText": "Bonjour"}, {"Language": "de", "DisplayText": ""}]
    assert read({**BODY, "Translations": entries}).translations == {"fr": "Bonjour"}


def test_a_phrase_may_have_no_language_and_no_translation() -> None:
    assert RawPhrase(0.0, 1.0, "Hello").read() == Phrase(0.0, 1.0, "Hello", "", {})


@pytest.mark.parametrize("kind", [*get_args(Event), Phrase, RawPhrase])
def test_what_was_reported_cannot_be_changed(kind: type) -> None:
    event = kind(*(None for _ in dataclasses.fields(kind)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.anything = 1


def test_every_event_of_the_module_is_an_event() -> None:
    classes = {one for one in vars(_events).values() if dataclasses.is_dataclass(one)}
    assert classes - {Phrase, RawPhrase} == {*get_args(Event), *get_args(SynthesisEvent)}
