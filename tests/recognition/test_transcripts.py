"""What Azure reported, as LiveKit's speech events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from livekit.agents.stt import SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter._options.glossary import Glossary
from livekit_plugins_azure_interpreter._recognition.transcripts import (
    Transcriber,
    Transcript,
    joined_transcript,
)
from livekit_plugins_azure_interpreter._sdk.events import Phrase
from livekit_plugins_azure_interpreter._voices.ledger import Ledger
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Options

START = SpeechEventType.START_OF_SPEECH
INTERIM = SpeechEventType.INTERIM_TRANSCRIPT
FINAL = SpeechEventType.FINAL_TRANSCRIPT
END = SpeechEventType.END_OF_SPEECH

HELLO = Phrase(1.0, 0.5, "Hello", "en-US", {"fr": "Bonjour", "de": "Hallo"})
UNTRANSLATED = Phrase(1.0, 0.5, "Hello", "en-US")
SILENT = Phrase(1.0, 0.5, "", "", {})


def _options(*targets: str, **more: Any) -> Options:
    credentials = Credentials(endpoint="ws://localhost", key="any")
    return Options(credentials=credentials, target_languages=targets, **more)


def transcript_of(phrase: Phrase, *targets: str) -> Transcript:
    return Transcriber(_options(*targets)).transcript(phrase, _options(*targets))


@pytest.fixture
def transcriber() -> Transcriber:
    return Transcriber(_options("fr", "de"), "request-1", 100.0)


def final(transcriber: Transcriber, phrase: Phrase = HELLO) -> list[SpeechEvent]:
    transcript = transcriber.transcript(phrase, transcriber.options)
    return transcriber.final(transcript)


STEPS: dict[str, Callable[[Transcriber], list[SpeechEvent]]] = {
    "started": Transcriber.speech_started,
    "stopped": Transcriber.speech_stopped,
    "interim": lambda transcriber: transcriber.interim(HELLO),
    "silent interim": lambda transcriber: transcriber.interim(SILENT),
    "final": final,
    "ended": Transcriber.ended,
}


@pytest.mark.parametrize(
    ("steps", "kinds"),
    [
        ("started, interim, interim, stopped, final", [START, INTERIM, INTERIM, FINAL, END]),
        ("started, interim, final, stopped", [START, INTERIM, FINAL, END]),
        ("interim, final", [START, INTERIM, FINAL, END]),
        ("final", [START, FINAL, END]),
        ("final, final", [START, FINAL, END, START, FINAL, END]),
        ("started, final, started, final", [START, FINAL, END, START, FINAL, END]),
        ("started, started", [START]),
        ("started, stopped", [START, END]),
        ("started, stopped, stopped", [START, END]),
        ("started, stopped, final", [START, END, START, FINAL, END]),
        ("started, interim, stopped", [START, INTERIM]),
        ("started, interim, stopped, ended", [START, INTERIM, END]),
        ("started, interim, ended, started, stopped", [START, INTERIM, END, START, END]),
        ("silent interim, stopped, final", [START, FINAL, END]),
        ("stopped", []),
        ("ended", []),
        ("started, ended, ended", [START, END]),
    ],
)
def test_start_and_end_alternate(transcriber: Transcriber, steps: str, kinds: list[SpeechEventType]) -> None:
    events = [event for step in steps.split(", ") for event in STEPS[step](transcriber)]
    assert [event.type for event in events] == kinds


@pytest.mark.parametrize("step", STEPS)
def test_every_event_carries_the_request_id(transcriber: Transcriber, step: str) -> None:
    assert {event.request_id for event in STEPS[step](transcriber)} <= {"request-1"}


def test_transcripts_alone_carry_words(transcriber: Transcriber) -> None:
    assert [len(event.alternatives) for event in final(transcriber)] == [0, 1, 0]


def test_a_final_transcript_has_the_translation_and_what_was_said(transcriber: Transcriber) -> None:
    [data] = final(transcriber)[1].alternatives
    assert (data.text, data.language) == ("Bonjour", "fr")
    assert (data.source_texts, data.source_languages) == (["Hello"], ["en-US"])
    assert (data.target_texts, data.target_languages) == (["Bonjour", "Hallo"], ["fr", "de"])
    assert data.metadata == {"translated": True}


@pytest.mark.parametrize(
    ("spoken", "said", "text"),
    [("fr-FR", "de", "Hallo"), ("de-DE", "fr", "Bonjour"), ("en", "fr", "Bonjour")],
)
def test_a_transcript_between_two_languages_is_in_the_one_that_was_not_spoken(
    spoken: str, said: str, text: str
) -> None:
    transcriber = Transcriber(_options("fr", "de", spoken_languages=("fr", "de"), between=("fr", "de")))
    phrase = replace(HELLO, language=spoken)
    for event in (transcriber.interim(phrase)[1], final(transcriber, phrase)[0]):
        [data] = event.alternatives
        assert (data.text, data.language) == (text, said)
        assert (data.target_texts, data.target_languages) == ([text], [said])


def test_an_interim_transcript_has_the_translation(transcriber: Transcriber) -> None:
    [data] = transcriber.interim(HELLO)[1].alternatives
    assert (data.text, data.language, data.source_texts) == ("Bonjour", "fr", ["Hello"])


def test_untranslated_speech_is_given_as_it_was_said(transcriber: Transcriber) -> None:
    [data] = final(transcriber, UNTRANSLATED)[1].alternatives
    assert (data.text, data.language) == ("Hello", "en-US")
    assert (data.target_texts, data.target_languages) == ([], [])
    assert data.metadata == {"translated": False}


@pytest.mark.parametrize("reason", ["", "no translator for this language"])
def test_untranslated_speech_says_why_if_azure_does(transcriber: Transcriber, reason: str) -> None:
    (event,) = (
        one for one in final(transcriber, replace(UNTRANSLATED, failure_reason=reason)) if one.type is FINAL
    )
    expected = {"translated": False, "failure_reason": reason} if reason else {"translated": False}
    assert event.alternatives[0].metadata == expected


def test_speech_without_a_detected_language_is_not_translated(transcriber: Transcriber) -> None:
    transcript = transcriber.transcript(
        Phrase(1.0, 0.5, "Hello", "en-US", {"de": "Hallo"}), transcriber.options
    )
    assert transcript == Transcript("Hello", "en-US", "Hello", "en-US", {"de": "Hallo"}, 101.0, 101.5, False)


def test_a_final_carries_the_very_object_that_is_to_be_spoken(transcriber: Transcriber) -> None:
    translation = Ledger().recognized("Bonjour", 0.0).translation
    transcript = transcriber.transcript(HELLO, transcriber.options)
    events = transcriber.final(transcript.with_translations({"fr": translation}))
    assert events[1].alternatives[0].text is translation


def test_times_are_on_the_streams_clock(transcriber: Transcriber) -> None:
    [data] = final(transcriber)[1].alternatives
    assert (data.start_time, data.end_time) == (101.0, 101.5)


def test_the_first_target_language_is_the_one_that_is_spoken() -> None:
    transcript = transcript_of(HELLO, "de", "fr")
    assert (transcript.text, transcript.language) == ("Hallo", "de")
    assert list(transcript.translations) == ["de", "fr"]


@pytest.mark.parametrize(
    ("targets", "translations", "expected"),
    [
        pytest.param(("fr",), {"fr": "1"}, {"fr": "1"}, id="same"),
        pytest.param(("fr-FR",), {"fr": "1"}, {"fr-FR": "1"}, id="Azure leaves the region out"),
        pytest.param(("fr",), {"fr-FR": "1"}, {"fr": "1"}, id="Azure adds a region"),
        pytest.param(("pt-br",), {"pt-BR": "1"}, {"pt-br": "1"}, id="case"),
        pytest.param(("FR",), {"fr": "1"}, {"FR": "1"}, id="case of a language"),
        pytest.param(
            ("pt-pt", "pt-br"), {"pt-BR": "1", "pt-PT": "2"}, {"pt-pt": "2", "pt-br": "1"}, id="regions"
        ),
        pytest.param(
            ("zh-hant", "zh-hans"),
            {"zh-Hans": "1", "zh-Hant": "2"},
            {"zh-hant": "2", "zh-hans": "1"},
            id="scripts",
        ),
        pytest.param(("fr",), {"fr-CA": "1", "fr": "2"}, {"fr": "2"}, id="the exact one first"),
        pytest.param(("fr",), {"fil": "1", "de": "2"}, {}, id="another language"),
        pytest.param(("fr",), {}, {}, id="none"),
        pytest.param(("no",), {"nb": "1"}, {"no": "1"}, id="another code"),
        pytest.param(("zh-Hans", "zh-Hant"), {"zh-Hans": "1"}, {"zh-Hans": "1"}, id="another script"),
    ],
)
def test_translations_are_given_by_the_languages_that_were_asked_for(
    targets: tuple[str, ...], translations: dict[str, str], expected: dict[str, str]
) -> None:
    phrase = Phrase(0.0, 1.0, "Hi", "en", translations)
    transcript = transcript_of(phrase, *targets)
    assert transcript.translations == expected


@pytest.mark.parametrize(
    ("source", "target", "same"),
    [
        ("fr-FR", "fr", True),
        ("fr-CA", "fr-FR", True),
        ("FR", "fr", True),
        ("cmn-Hans-CN", "zh-TW", True),
        ("de", "de-AT", True),
        ("nb-NO", "no", True),
        ("zh-HK", "zh-Hans", False),
        ("en-US", "fr", False),
        ("", "fr", False),
        ("und", "fr", False),
    ],
)
def test_speech_in_the_target_language_is_known_whatever_its_region(
    source: str, target: str, same: bool
) -> None:
    phrase = Phrase(1.0, 0.5, "Oui", source, {target: "Oui"})
    assert transcript_of(phrase, target).same_language is same


def test_untranslated_speech_is_not_in_the_target_language() -> None:
    assert not transcript_of(UNTRANSLATED, "en").same_language


class TestGlossary:
    @pytest.fixture
    def transcriber(self) -> Transcriber:
        terms = {"fr": {"bonjour": "salut"}, "it": {"hello": "ciao"}}
        return Transcriber(_options("de", "fr-FR", glossary=Glossary.parse(terms)), "request-1")

    def test_a_corrected_translation_is_that_of_its_language_alone(self, transcriber: Transcriber) -> None:
        transcript = transcriber.transcript(HELLO, transcriber.options)
        assert transcript.translations == {"de": "Hallo", "fr-FR": "Salut"}
        assert transcript.uncorrected_texts == {"fr-FR": "Bonjour"}
        assert (transcript.source_text, transcript.corrected) == ("Hello", False)

    def test_a_corrected_text_tells_what_its_voice_says(self, transcriber: Transcriber) -> None:
        transcriber.options = replace(transcriber.options, target_languages=("fr",))
        transcript = transcriber.transcript(HELLO, transcriber.options)
        [data] = transcriber.final(transcript)[1].alternatives
        assert (data.text, data.target_texts, transcript.corrected) == ("Salut", ["Salut"], True)
        assert data.metadata == {"translated": True, "uncorrected_texts": {"fr": "Bonjour"}}

    def test_an_interim_transcript_is_corrected(self, transcriber: Transcriber) -> None:
        transcriber.options = replace(transcriber.options, target_languages=("fr",))
        [data] = transcriber.interim(HELLO)[1].alternatives
        assert (data.text, data.target_texts) == ("Salut", ["Salut"])

    def test_untranslated_speech_is_not_corrected(self, transcriber: Transcriber) -> None:
        transcriber.options = replace(transcriber.options, target_languages=("it",))
        transcript = transcriber.transcript(UNTRANSLATED, transcriber.options)
        assert (transcript.text, transcript.uncorrected_texts, transcript.corrected) == ("Hello", {}, False)


class TestJoined:
    def test_a_recording_is_one_transcript_of_all_its_utterances(self, transcriber: Transcriber) -> None:
        later = Phrase(2.0, 0.5, "Yes", "it-IT", {"fr": "Oui"})
        data = [final(transcriber, phrase)[1].alternatives[0] for phrase in (HELLO, later)]
        joined = joined_transcript(data, "request-2")
        (whole,) = joined.alternatives
        assert (joined.type, joined.request_id) == (FINAL, "request-2")
        assert (whole.text, whole.language) == ("Bonjour Oui", "fr")
        assert (whole.start_time, whole.end_time) == (101.0, 102.5)
        assert (whole.source_texts, whole.source_languages) == (["Hello", "Yes"], ["en-US", "it-IT"])
        assert (whole.target_texts, whole.target_languages) == (
            ["Bonjour", "Hallo", "Oui"],
            ["fr", "de", "fr"],
        )
        assert whole.metadata == {"translated": True}

    def test_one_utterance_without_a_translation_is_told_of_the_whole(self, transcriber: Transcriber) -> None:
        data = [final(transcriber, phrase)[1].alternatives[0] for phrase in (HELLO, UNTRANSLATED)]
        assert joined_transcript(data, "").alternatives[0].metadata == {"translated": False}

    def test_a_recording_without_speech_is_an_empty_text(self) -> None:
        joined = joined_transcript([], "request-2")
        assert (joined.type, joined.request_id) == (FINAL, "request-2")
        assert [data.text for data in joined.alternatives] == [""]
