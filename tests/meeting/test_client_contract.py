"""The attributes that a client reads: their form, their size and their words."""

from __future__ import annotations

import json

import pytest
from fakes.client_contract import SCHEMA, broken_rules
from jsonschema import Draft202012Validator
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

from livekit_plugins_azure_interpreter._meeting.client_contract import (
    ATTRIBUTE_OFFER,
    ATTRIBUTE_STATE,
    Failure,
    LanguageState,
    SpeakerState,
    offer,
    state_attributes,
)
from livekit_plugins_azure_interpreter._meeting.voice_choice import VoiceOffer
from livekit_plugins_azure_interpreter._options.languages import all_targets

HEARD = LanguageState("interpreted", "own", 3, 2.6, is_moving=True)
CALM = LanguageState("interpreted", "own", 3)
WAITING = LanguageState("queued", "prebuilt", 1, place=2)
OFFER = VoiceOffer(("own", "prebuilt", "text"), "own")


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_an_offer_names_languages_voices_and_modes() -> None:
    value = offer(["fr", "de"], OFFER, mode="simultaneous", originals="keep")
    assert json.loads(value) == {
        "languages": ["de", "fr"],
        "voices": ["own", "prebuilt", "text"],
        "voice": "own",
        "mode": "simultaneous",
        "originals": "keep",
    }


def test_an_offer_of_all_languages_is_small_and_as_the_schema_says() -> None:
    value = offer(all_targets(), OFFER, mode="consecutive", originals="replace")
    assert broken_rules({ATTRIBUTE_OFFER: value}) == []
    assert len(value) < 1500


def test_a_state_has_each_language_and_the_failure() -> None:
    state = SpeakerState({"fr": HEARD, "de": WAITING}, 2, Failure("Azure could not be reached", 4.56))
    assert json.loads(state.to_json()) == {
        "languages": {
            "de": {
                "state": "queued",
                "voice": "prebuilt",
                "backlog_seconds": 0.0,
                "listeners": 1,
                "place": 2,
            },
            "fr": {"state": "interpreted", "voice": "own", "backlog_seconds": 2.5, "listeners": 3},
        },
        "still_listening": 2,
        "error": "Azure could not be reached",
        "retry_seconds": 4.6,
    }
    assert broken_rules({f"{ATTRIBUTE_STATE}alice": state.to_json()}) == []


def test_a_failure_that_is_not_tried_again_by_itself_has_no_time() -> None:
    told = json.loads(SpeakerState({"fr": CALM}, failure=Failure("no")).to_json())
    assert (told["error"], "retry_seconds" in told) == ("no", False)


def test_a_state_without_languages_is_no_attribute() -> None:
    assert SpeakerState({}, failure=Failure("no")).to_json() == ""
    assert state_attributes({"alice": SpeakerState({})}) == {}


def test_a_state_changes_by_itself_while_something_is_heard() -> None:
    assert SpeakerState({"fr": HEARD, "de": CALM}).is_moving
    assert not SpeakerState({"de": CALM}).is_moving


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (APITimeoutError("within 9.0 s"), "Azure could not be reached"),
        (APIConnectionError("wss://host?key=secret"), "Azure could not be reached"),
        (APIStatusError("key=secret", status_code=401), "Azure refuses the interpreter's credentials"),
        (APIStatusError("key=secret", status_code=429), "Azure serves no more at the moment"),
        (APIStatusError("key=secret", status_code=400), "Azure refuses the request"),
        (RuntimeError("key=secret"), "the interpreter has failed"),
        (None, "the interpreter has failed"),
    ],
)
def test_an_error_is_told_in_words_without_its_details(error: Exception | None, words: str) -> None:
    assert Failure.of(error, 5.0) == Failure(words, 5.0)


def test_the_states_of_twelve_speakers_in_four_languages_are_small() -> None:
    languages = {language: HEARD for language in ("fr", "de", "ja", "zh-Hans")}
    states = {f"participant-{number}": SpeakerState(languages, 11) for number in range(12)}
    attributes = state_attributes(states)
    assert len(attributes) == 12
    assert sum(len(name) + len(value) for name, value in attributes.items()) < 5000


def test_a_huge_meeting_tells_those_first_of_whom_there_is_news() -> None:
    states = {f"p{number:03}": SpeakerState({"fr": CALM}) for number in range(1000)}
    states |= {"p500": SpeakerState({"fr": HEARD}), "p900": SpeakerState({"fr": WAITING})}
    told = state_attributes(states)
    assert 100 < len(told) < 1000
    assert sum(len(name) + len(value) for name, value in told.items()) <= 32_000
    assert [*told][:3] == [f"{ATTRIBUTE_STATE}{identity}" for identity in ("p500", "p900", "p000")]
