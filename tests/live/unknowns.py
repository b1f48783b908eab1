"""What is not known of the service, each possible answer in plain words, and the tests that cover it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_PAIR = "tests/integration/test_pair.py"
_TURNS = "tests/integration/test_turns.py"
_ECHO = "tests/integration/test_echo.py"
_EITHER = "tests/integration/test_either_answer.py"
_SPOKEN = "tests/integration/test_spoken_languages.py"


@dataclass(frozen=True)
class Answer:
    """What the service may do.

    Args:
        seen: That, in a sentence.
        means: What a user notices or has to do.
        tests: Where it is shown that the pair is right for it.
    """

    seen: str
    means: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Unknown:
    """A question, and its answers by the names that `observations` gives them."""

    question: str
    answers: Mapping[str, Answer]


_NOTHING = "Nothing to do."
_AS_ASKED = (
    "tests/recognition/test_transcripts.py::test_translations_are_given_by_the_languages_that_were_asked_for"
)

UNKNOWNS: Mapping[str, Unknown] = {
    "header": Unknown(
        "Which chunks of a voice begin with a RIFF header?",
        {
            "first": Answer(
                "The first chunk of each voice.",
                _NOTHING,
                (f"{_PAIR}::TestVoice::test_it_is_heard_sample_for_sample_wherever_headers_are[first]",),
            ),
            "every": Answer(
                "Every chunk.",
                _NOTHING,
                (f"{_PAIR}::TestVoice::test_it_is_heard_sample_for_sample_wherever_headers_are[every]",),
            ),
            "none": Answer(
                "None: voices are bare samples, and nothing tells their rate.",
                "They are taken for 16 kHz, as Azure documents. Should they sound too fast or too slow, "
                "please report it.",
                (f"{_PAIR}::TestVoice::test_it_is_heard_sample_for_sample_wherever_headers_are[none]",),
            ),
            "first voice": Answer(
                "The first chunk of the first voice only.",
                _NOTHING,
                (f"{_EITHER}::TestHeader::test_headers_may_come_on_the_first_voice_alone",),
            ),
            "mixed": Answer(
                "Some chunks, by no rule that can be seen.",
                _NOTHING,
                (f"{_EITHER}::TestHeader::test_headers_may_come_on_some_chunks",),
            ),
        },
    ),
    "rate": Unknown(
        "What is the sample rate of the voices?",
        {
            "16000": Answer(
                "16 kHz.",
                "TTS(stt) gives them as they are; with another sample_rate they are resampled.",
                (f"{_PAIR}::TestVoice::test_it_is_heard_sample_for_sample_wherever_headers_are[first]",),
            ),
            "another": Answer(
                "Another than 16 kHz.",
                "TTS(stt, sample_rate=...) of that rate saves the resampling.",
                (f"{_EITHER}::TestRate::test_another_than_16_khz_is_resampled",),
            ),
            "untold": Answer(
                "No header tells it.",
                "They are taken for 16 kHz, as Azure documents.",
                (f"{_PAIR}::TestVoice::test_it_is_heard_sample_for_sample_wherever_headers_are[none]",),
            ),
        },
    ),
    "voiced": Unknown(
        "Is every translated phrase voiced?",
        {
            "all": Answer(
                "Yes.",
                _NOTHING,
                (f"{_TURNS}::TestTurns::test_nothing_is_lost_between_them",),
            ),
            "some": Answer(
                "Not every one.",
                "Give TTS(stt, fallback=...) another voice: a phrase without one is said in it after "
                "voice_timeout_seconds.",
                (
                    f"{_TURNS}::TestVoiceThatNeverComes::test_a_translation_without_its_voice_is_heard_"
                    "in_the_fallback_and_its_follower_is_voiced",
                    f"{_TURNS}::TestVoiceThatNeverComes::test_a_voice_that_may_belong_to_another_translation_"
                    "is_given_to_none",
                ),
            ),
            "none": Answer(
                "None was.",
                "See what comes back without an approval for personal voice.",
                (f"{_EITHER}::TestApproval::test_text_without_any_voice_is_heard_in_the_fallback_in_time",),
            ),
        },
    ),
    "interleaved": Unknown(
        "Do the voices of two phrases alternate?",
        {
            "no": Answer(
                "No: each is sent whole before the next begins.",
                _NOTHING,
                (f"{_TURNS}::TestTurns::test_nothing_is_lost_between_them",),
            ),
            "yes": Answer(
                "Yes: their chunks alternate, told apart by X-StreamId.",
                "Nothing to do with this version of the Azure SDK; with one that does not show the "
                "service's messages they could not be told apart.",
                (f"{_EITHER}::TestInterleaved::test_each_is_heard_whole_and_in_order",),
            ),
        },
    ),
    "interims": Unknown(
        "Are there interim results while any language is heard (open range)?",
        {
            "yes": Answer(
                "Yes.",
                "Captions can follow the speaker.",
                (
                    f"{_PAIR}::TestTranscripts::test_interims_come_before_the_final_between_start_and_end_"
                    "of_speech",
                ),
            ),
            "no": Answer(
                "No: only final ones.",
                "Captions come a phrase at a time. source_languages=... (1 to 10) may bring interim results.",
                (
                    f"{_EITHER}::TestInterims::test_finals_are_between_start_and_end_of_speech_without_interims",
                ),
            ),
        },
    ),
    "keys": Unknown(
        "How are translations keyed?",
        {
            "as asked": Answer("By the language that was asked for.", _NOTHING, (_AS_ASKED,)),
            "otherwise": Answer(
                "By language and region, e.g. fr-FR for fr.",
                "Nothing to do: they are given by the language that was asked for.",
                (_AS_ASKED, f"{_EITHER}::TestKeys::test_translations_keyed_by_region_are_found_and_voiced"),
            ),
        },
    ),
    "early": Unknown(
        "Can a voice begin before the final result of its phrase?",
        {
            "no": Answer(
                "It did not.",
                _NOTHING,
                (f"{_TURNS}::TestTurns::test_nothing_is_lost_between_them",),
            ),
            "yes": Answer(
                "It did.",
                "Nothing to do: it is held for its phrase.",
                (f"{_EITHER}::TestEarly::test_an_early_voice_is_held_for_its_phrase",),
            ),
        },
    ),
    "approval": Unknown(
        "What does this resource get back where it asks for a personal voice?",
        {
            "voices": Answer(
                "Voices.",
                "Listen to them (heard.wav): is it the speaker's own voice, then the resource is approved; "
                "is it another, then Azure has put that in its place, and nothing else tells so.",
                (f"{_TURNS}::TestTurns::test_nothing_is_lost_between_them",),
            ),
            "text only": Answer(
                "Translations, and no voice.",
                "The resource is probably not approved: apply at aka.ms/customneural, or choose a prebuilt "
                'voice, e.g. voice="fr-FR-DeniseNeural". Until then each phrase is said by '
                "TTS(stt, fallback=...), voice_timeout_seconds late.",
                (f"{_EITHER}::TestApproval::test_text_without_any_voice_is_heard_in_the_fallback_in_time",),
            ),
            "refused": Answer(
                "The connection is refused.",
                "One clear error says what to check; nothing is tried again after 400, 401 and 403.",
                (
                    f"{_EITHER}::TestApproval::test_a_refusal_is_one_error_that_says_what_to_check",
                    f"{_TURNS}::TestWrongKey::test_a_wrong_key_is_one_clear_error_that_is_not_retried_"
                    "and_tells_no_secret",
                ),
            ),
            "closed": Answer(
                "The connection is closed with an error.",
                "One error ends the stream, after the attempts that LiveKit was told to make.",
                (f"{_EITHER}::TestApproval::test_a_connection_that_is_closed_is_an_error",),
            ),
            "voice error": Answer(
                "Translations, and each voice ends with an error, which ends the SDK's session.",
                "Each phrase is said by TTS(stt, fallback=...), and what is said meanwhile is interpreted "
                "on another connection. Apply at aka.ms/customneural, or choose a prebuilt voice.",
                (f"{_EITHER}::TestApproval::test_a_voice_error_for_each_phrase_loses_none",),
            ),
        },
    ),
    "same language": Unknown(
        "Is speech that is in the target language already voiced?",
        {
            "voiced": Answer(
                "Yes.",
                "InterpreterAgent does not say it again (skip_same_language=True); "
                "skip_same_language=False says it.",
                (f"{_ECHO}::test_the_interpreter_does_not_repeat_its_own_voice[Azure voices it]",),
            ),
            "silent": Answer(
                "No: it is text only.",
                "Nothing to do: no voice is waited for once that is known.",
                (f"{_ECHO}::test_the_interpreter_does_not_repeat_its_own_voice[Azure does not voice it]",),
            ),
            "untranslated": Answer(
                "It is not even translated.",
                'Such speech is final with metadata={"translated": False}, and is not said.',
                (
                    f"{_PAIR}::TestTranscripts::test_untranslated_speech_is_a_final_in_its_own_language_"
                    "without_a_voice",
                ),
            ),
        },
    ),
    "speech end": Unknown(
        "When does the service tell that speech has ended?",
        {
            "per phrase": Answer(
                "After each phrase.",
                _NOTHING,
                (
                    f"{_TURNS}::TestTurns::test_speech_starts_and_ends_alternate_over_them",
                    f"{_TURNS}::TestTurns::test_nothing_is_lost_between_them[1]",
                ),
            ),
            "per turn": Answer(
                "Once per turn, after several phrases.",
                "Nothing to do: END_OF_SPEECH comes with each final transcript.",
                (
                    f"{_TURNS}::TestTurns::test_nothing_is_lost_between_them[3]",
                    "tests/recognition/test_stream.py::TestOrder::test_an_end_once_per_turn_is_one_end_per_utterance",
                ),
            ),
            "never": Answer(
                "Never.",
                "Nothing to do: END_OF_SPEECH comes with each final transcript.",
                ("tests/recognition/test_stream.py::TestOrder::test_a_final_alone_starts_and_ends",),
            ),
        },
    ),
    "several languages": Unknown(
        "Are several languages voiced over one connection?",
        {
            "all": Answer(
                "Yes: each has its voice.",
                "STT(spoken_languages=[...]) and MeetingInterpreter use one connection per speaker.",
                (
                    f"{_SPOKEN}::TestOneConnection::test_ten_languages_of_sixty_utterances_are_heard_whole_and_in_order",
                ),
            ),
            "one": Answer(
                "No: only one of them is voiced.",
                "Each further spoken language uses a connection of its own, after two utterances that the "
                "fallback speaks in it.",
                (
                    f"{_SPOKEN}::TestSeparateVoices::test_voices_that_never_come_are_noticed_within_two_utterances",
                ),
            ),
            "refused": Answer(
                "No: the service refuses the request.",
                "Each further spoken language uses a connection of its own. Nothing is lost.",
                (
                    f"{_SPOKEN}::TestSeparateVoices::test_a_refusal_loses_nothing_and_each_language_gets_a_"
                    "connection",
                ),
            ),
        },
    ),
}
"""By the names that `observations` gives them."""
