"""Final results that the SDK does not report."""

from __future__ import annotations

import json

import pytest

from livekit_plugins_azure_interpreter._sdk.result_watch import RESULT_PATH, ResultWatch

FINAL = json.dumps({"SpeechPhrase": {"RecognitionStatus": "Success", "DisplayText": "Yes."}}).encode()


@pytest.fixture
def watch() -> ResultWatch:
    watch = ResultWatch()
    watch.came("turn.start", "a turn", b"")
    return watch


def is_missed(watch: ResultWatch, body: bytes, *, request_id: str = "a turn", then: str = "audio") -> bool:
    assert not watch.came(RESULT_PATH, request_id, body)
    return watch.came(then, "", b"")


@pytest.mark.parametrize(
    "body",
    [FINAL, FINAL[:-1], b"no JSON", b'{"SpeechPhrase": null}', b'{"SpeechPhrase": {"RecognitionStatus": 5}}'],
)
def test_a_final_result_that_is_not_reported_is_missed_once(watch: ResultWatch, body: bytes) -> None:
    assert is_missed(watch, body)
    assert not watch.came("audio", "", b"")


def test_a_final_result_is_missed_also_amid_a_turn_of_the_service(watch: ResultWatch) -> None:
    watch.came("turn.start", "a turn of the service", b"")
    assert is_missed(watch, FINAL)


def test_a_final_result_that_is_reported_is_not_missed(watch: ResultWatch) -> None:
    watch.came(RESULT_PATH, "a turn", FINAL)
    watch.reported()
    assert not watch.came(RESULT_PATH, "a turn", FINAL)


@pytest.mark.parametrize(
    "body",
    [
        b'{"SpeechHypothesis": {"Text": "y',
        b'{"SpeechPhrase": {"RecognitionStatus": "Error"}}',
        b'{"SpeechPhrase": {"RecognitionStatus": "EndOfDictation"}}',
        b"{}",
        b"[]",
    ],
)
def test_an_interim_result_and_an_error_are_not_missed(watch: ResultWatch, body: bytes) -> None:
    assert not is_missed(watch, body)


def test_a_result_of_another_turn_is_not_missed(watch: ResultWatch) -> None:
    assert not is_missed(watch, FINAL, request_id="another")


def test_a_turn_that_begins_misses_nothing_of_the_one_before(watch: ResultWatch) -> None:
    assert not is_missed(watch, FINAL, then="turn.start")
