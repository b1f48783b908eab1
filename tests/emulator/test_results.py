"""What the service says of an utterance."""

from __future__ import annotations

import json
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Line
from livekit_plugins_azure_interpreter.emulator import faults as f
from livekit_plugins_azure_interpreter.emulator.results import Results

_LINE = Line("One two three four.", translations={"fr": "Un deux trois quatre.", "de": "Eins zwei."})
_SPAN = {"Offset": 5, "Duration": 7}


def final(*faults: f.UtteranceFault, line: Line = _LINE, targets: Any = ("fr", "de")) -> Any:
    return json.loads(Results(targets).final(line, _SPAN, f.UtteranceFaults(faults)))


def test_a_final_has_the_words_and_every_translation() -> None:
    assert final() == {
        "SpeechPhrase": {
            "RecognitionStatus": "Success",
            "DisplayText": "One two three four.",
            "Offset": 5,
            "Duration": 7,
            "PrimaryLanguage": {"Language": "en-US", "Confidence": "High"},
        },
        "TranslationStatus": "Success",
        "Translations": [
            {"Language": "fr", "DisplayText": "Un deux trois quatre."},
            {"Language": "de", "DisplayText": "Eins zwei."},
        ],
    }


@pytest.mark.parametrize(("seconds", "words"), [(0.1, 1), (0.8, 2), (60.0, 4)])
def test_an_interim_result_has_as_many_words_as_were_heard(seconds: float, words: int) -> None:
    body = json.loads(Results(("fr",)).interim(_LINE, seconds, _SPAN))
    assert len(body["SpeechHypothesis"]["Text"].split()) == words
    assert len(body["Translations"][0]["Text"].split()) == words


def test_a_client_that_wants_the_words_only_gets_a_phrase() -> None:
    results = Results(None)
    assert (results.path_of_interim, results.path_of_final) == ("speech.hypothesis", "speech.phrase")
    assert json.loads(results.interim(_LINE, 60.0, _SPAN))["Text"] == "One two three four."
    assert final(targets=None)["DisplayText"] == "One two three four."


def test_a_client_that_wants_translations_gets_them() -> None:
    results = Results(("fr",))
    assert {results.path_of_interim, results.path_of_final} == {"translation.response"}


@pytest.mark.parametrize(
    "body", [final(f.NoTranslation()), final(line=Line("Hm.", translated=False))], ids=["fault", "line"]
)
def test_what_is_not_translated_says_so(body: Any) -> None:
    assert (body["TranslationStatus"], body["Translations"]) == ("Error", [])


def test_a_bad_result_is_no_json() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        final(f.BadJson())


def test_a_result_may_lack_its_fields() -> None:
    assert final(f.MissingFields()) == {}


def test_the_language_may_be_unknown() -> None:
    assert final(f.UnknownLanguage())["SpeechPhrase"]["PrimaryLanguage"]["Language"] == "xx-Unknown"


def test_translations_may_be_keyed_by_region() -> None:
    keys = [entry["Language"] for entry in final(f.RegionKeyed(), targets=("fr",))["Translations"]]
    assert keys == ["fr-FR"]
