from __future__ import annotations

import json
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Line, Revisions, faults
from livekit_plugins_azure_interpreter.emulator.faults.schedule import UtteranceFaults
from livekit_plugins_azure_interpreter.emulator.recognition.actions import Send, SendGarbage
from livekit_plugins_azure_interpreter.emulator.recognition.phrases import PhraseMessages
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

_SPAN = {"Offset": 1, "Duration": 2}
_LINE = Line("one two three four five", translations={"fr": "un deux trois"})
_LANGUAGE = {"PrimaryLanguage": {"Language": "en-US", "Confidence": "High"}}


def _final(results: PhraseMessages, line: Line = _LINE, *what: faults.UtteranceFault) -> Message:
    (step,) = results.final(line, _SPAN, {"X": "acknowledged"}, UtteranceFaults(what))
    assert isinstance(step, Send)
    return step.message


def _body(message: Message) -> Any:
    return json.loads(message.body)


class TestTranslated:
    def test_an_interim_result_has_the_words_so_far(self) -> None:
        message = PhraseMessages(["fr"]).interim(_LINE, 0.8, _SPAN)
        assert (message.path, _body(message)) == (
            "translation.response",
            {
                "SpeechHypothesis": {"Text": "one two", **_SPAN, **_LANGUAGE},
                "TranslationStatus": "Success",
                "Translations": [{"Language": "fr", "Text": "un deux"}],
            },
        )

    def test_an_interim_result_has_a_word(self) -> None:
        message = PhraseMessages(["fr"]).interim(_LINE, 0.0, _SPAN)
        assert _body(message)["SpeechHypothesis"]["Text"] == "one"

    @pytest.mark.parametrize(
        ("seconds", "text", "translation"),
        [(0.0, "one", "un"), (1.0, "one two", "un"), (2.1, "one two three four", "un deux")],
    )
    def test_an_interim_result_that_changes_has_the_share_of_each_text_that_was_heard(
        self, seconds: float, text: str, translation: str
    ) -> None:
        phrases = PhraseMessages(["fr"], revisions=Revisions(share=0.0, delay_seconds=0.2))
        body = _body(phrases.interim(_LINE, seconds, _SPAN))
        assert body["SpeechHypothesis"]["Text"] == text
        assert body["Translations"] == [{"Language": "fr", "Text": translation}]

    def test_an_interim_result_that_changes_takes_the_seconds_of_its_line(self) -> None:
        line = Line(_LINE.text, start_seconds=1.0, end_seconds=11.0)
        phrases = PhraseMessages(["fr"], revisions=Revisions(share=0.0, delay_seconds=0.0))
        assert _body(phrases.interim(line, 4.0, _SPAN))["SpeechHypothesis"]["Text"] == "one two"

    def test_a_final_result_has_words_and_translations_and_acknowledges(self) -> None:
        message = _final(PhraseMessages(["fr"]))
        phrase = {"RecognitionStatus": "Success", "DisplayText": _LINE.text, **_SPAN, **_LANGUAGE}
        assert (message.path, message.headers, _body(message)) == (
            "translation.response",
            {"X": "acknowledged"},
            {
                "SpeechPhrase": phrase,
                "TranslationStatus": "Success",
                "Translations": [{"Language": "fr", "DisplayText": "un deux trois"}],
            },
        )

    def test_a_detailed_final_result_has_an_alternative(self) -> None:
        line = Line("Hello, it's me.")
        (best,) = _body(_final(PhraseMessages(["fr"], detailed=True), line))["SpeechPhrase"]["NBest"]
        assert (best["Lexical"], best["Display"]) == ("hello it's me", line.text)
        assert "Words" not in best

    def test_a_detailed_final_result_with_timings_has_the_place_of_each_word(self) -> None:
        phrases = PhraseMessages(None, detailed=True, word_timings=True)
        (step,) = phrases.final(Line("No, a."), {"Offset": 100, "Duration": 30}, {}, UtteranceFaults([]))
        assert isinstance(step, Send)
        (best,) = _body(step.message)["NBest"]
        assert best["Words"] == [
            {"Word": "no", "Offset": 100, "Duration": 20},
            {"Word": "a", "Offset": 120, "Duration": 10},
        ]

    def test_a_line_that_is_not_translated_has_no_translations(self) -> None:
        body = _body(_final(PhraseMessages(["fr"]), Line("one", translated=False)))
        assert (body["TranslationStatus"], body["Translations"]) == ("Error", [])

    @pytest.mark.parametrize(
        ("entries", "translations"), [(False, []), (True, [{"Language": "fr", "Text": ""}])]
    )
    def test_a_result_without_words_has_two_forms(
        self, entries: bool, translations: list[dict[str, str]]
    ) -> None:
        body = _body(PhraseMessages(["fr"]).nothing(_SPAN, entries=entries))
        assert (body["SpeechPhrase"]["DisplayText"], body["Translations"]) == ("", translations)

    def test_a_turn_without_words_has_a_status_that_says_so(self) -> None:
        phrase = _body(PhraseMessages(["fr"]).silence(_SPAN))["SpeechPhrase"]
        assert phrase == {"RecognitionStatus": "InitialSilenceTimeout", **_SPAN}

    def test_an_error_has_a_status_and_no_text(self) -> None:
        phrase = _body(PhraseMessages(["fr"]).error("Forbidden", _SPAN))["SpeechPhrase"]
        assert phrase == {"RecognitionStatus": "Forbidden", **_SPAN}


class TestWordsOnly:
    def test_an_interim_result_is_a_hypothesis(self) -> None:
        message = PhraseMessages(None).interim(_LINE, 0.8, _SPAN)
        assert (message.path, _body(message)) == (
            "speech.hypothesis",
            {"Text": "one two", **_SPAN, **_LANGUAGE},
        )

    @pytest.mark.parametrize("line", [_LINE, Line(_LINE.text, translated=False)])
    def test_a_final_result_is_a_phrase(self, line: Line) -> None:
        message = _final(PhraseMessages(None), line)
        assert (message.path, _body(message)) == (
            "speech.phrase",
            {"RecognitionStatus": "Success", "DisplayText": _LINE.text, **_SPAN, **_LANGUAGE},
        )

    def test_an_error_is_a_phrase(self) -> None:
        message = PhraseMessages(None).error("Error", _SPAN)
        assert (message.path, _body(message)) == ("speech.phrase", {"RecognitionStatus": "Error", **_SPAN})

    def test_fields_are_missing_there_too(self) -> None:
        message = _final(PhraseMessages(None), _LINE, faults.MissingFields())
        assert _body(message) == {"RecognitionStatus": "Success", **_SPAN}


class TestBadJson:
    def test_it_is_text_that_is_no_json(self) -> None:
        message = _final(PhraseMessages(["fr"]), Line("日本"), faults.BadJson())
        with pytest.raises(ValueError, match="delimiter"):
            json.loads(message.body.decode())

    def test_nothing_is_acknowledged(self) -> None:
        assert _final(PhraseMessages(["fr"]), _LINE, faults.BadJson()).headers == {}


class TestFaults:
    def _phrase(self, *what: faults.UtteranceFault, targets: tuple[str, ...] | None = ("fr",)) -> Any:
        return _body(_final(PhraseMessages(targets), _LINE, *what))

    def test_missing_fields_are_the_texts(self) -> None:
        assert self._phrase(faults.MissingFields()) == {
            "SpeechPhrase": {"RecognitionStatus": "Success", **_SPAN},
            "TranslationStatus": "Success",
        }

    def test_the_language_is_unknown(self) -> None:
        language = self._phrase(faults.UnknownLanguage())["SpeechPhrase"]["PrimaryLanguage"]["Language"]
        assert language == "xx-Unknown"

    def test_translations_are_keyed_by_region(self) -> None:
        body = self._phrase(faults.RegionKeyed(), targets=("fr", "zh-Hans"))
        assert [each["Language"] for each in body["Translations"]] == ["fr-FR", "zh-Hans"]

    def test_words_are_not_translated(self) -> None:
        body = self._phrase(faults.NoTranslation())
        assert (body["SpeechPhrase"]["DisplayText"], body["TranslationStatus"]) == (_LINE.text, "Error")

    def test_garbage_comes_first(self) -> None:
        steps = PhraseMessages(["fr"]).final(_LINE, _SPAN, {}, UtteranceFaults([faults.GarbageFrame()]))
        assert [type(step) for step in steps] == [SendGarbage, Send]

    def test_the_result_of_another_turn_comes_first(self) -> None:
        steps = PhraseMessages(["fr"]).final(_LINE, _SPAN, {}, UtteranceFaults([faults.WrongRequestId()]))
        headers = [step.message.headers for step in steps if isinstance(step, Send)]
        assert headers == [{"X-RequestId": "0" * 32}, {}]

    def test_the_language_has_no_region(self) -> None:
        language = self._phrase(faults.BareLanguage())["SpeechPhrase"]["PrimaryLanguage"]
        assert language == {"Language": "en", "Confidence": "High"}

    def test_the_service_is_not_sure_of_the_language(self) -> None:
        language = self._phrase(faults.UnsureLanguage(confidence="Unknown"))["SpeechPhrase"][
            "PrimaryLanguage"
        ]
        assert language == {"Language": "en-US", "Confidence": "Unknown"}

    def test_the_words_are_in_an_alternative_only(self) -> None:
        phrase = self._phrase(faults.TextInNBest())["SpeechPhrase"]
        assert "DisplayText" not in phrase
        assert phrase["NBest"][0]["Display"] == _LINE.text

    def test_fields_that_no_client_knows_come_with_the_others(self) -> None:
        phrase = self._phrase(faults.UnknownFields())["SpeechPhrase"]
        assert phrase["DisplayText"] == _LINE.text
        assert {"Id", "Novelty"} <= set(phrase)

    def test_results_for_other_clients_come_first(self) -> None:
        steps = PhraseMessages(["fr"]).final(_LINE, _SPAN, {}, UtteranceFaults([faults.OtherResults()]))
        assert [step.message.path for step in steps if isinstance(step, Send)] == [
            "speech.fragment",
            "speech.tentative.phrase",
            "speech.phrase",
            "audio.metadata",
            "translation.response",
        ]


class TestSpeakers:
    _TWO = Line("one", speaker="Guest-2")

    def test_a_final_result_names_the_speaker_of_its_line(self) -> None:
        assert _body(_final(PhraseMessages(None, speakers=True), self._TWO))["SpeakerId"] == "Guest-2"

    def test_a_final_result_of_any_line_names_the_first_speaker(self) -> None:
        assert _body(_final(PhraseMessages(None, speakers=True), Line("one")))["SpeakerId"] == "Guest-1"

    def test_an_interim_result_does_not_know_the_speaker_yet(self) -> None:
        message = PhraseMessages(None, speakers=True).interim(self._TWO, 1.0, _SPAN)
        assert _body(message)["SpeakerId"] == "Unknown"

    def test_speakers_are_named_to_those_who_ask(self) -> None:
        phrases = PhraseMessages(None)
        assert "SpeakerId" not in _body(_final(phrases, self._TWO))
        assert "SpeakerId" not in _body(phrases.interim(self._TWO, 1.0, _SPAN))


_ECHOED = {"X-Client-Commit-Token": "7"}


class TestCommits:
    def test_a_final_result_that_the_client_wished_for_has_its_token(self) -> None:
        (step,) = PhraseMessages(["fr"]).final(_LINE, _SPAN, {}, UtteranceFaults(), commit_token="7")
        assert isinstance(step, Send)
        assert _body(step.message)["SpeechPhrase"]["clientAudioMetadata"] == _ECHOED

    def test_a_wish_while_nothing_is_said_is_no_match(self) -> None:
        assert _body(PhraseMessages(None).no_match(_SPAN, "7")) == {
            "RecognitionStatus": "NoMatch",
            **_SPAN,
            "clientAudioMetadata": _ECHOED,
        }
