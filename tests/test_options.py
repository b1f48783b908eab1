"""What a user can choose, checked once and frozen."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, get_args

import azure.cognitiveservices.speech as speechsdk
import pytest

from livekit_plugins_azure_interpreter import STT
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import (
    PERSONAL_VOICE,
    Options,
    Pace,
    Proxy,
    SpeakingOptions,
    STTOptions,
    STTOptionsWithoutLanguages,
    check_endpoints,
    languages,
    profanity_option,
    voice_of_pace,
    voice_option,
)

WHERE = "wss://westeurope.stt.speech.microsoft.com/speech/universal/v2"


def options(**arguments: Any) -> Options:
    given = {"credentials": Credentials(endpoint=WHERE, key="a-key"), "target_languages": ("fr",)}
    return Options(**{**given, **arguments})


REFUSED_OPTIONS = {
    "no target language": ({"target_languages": ()}, "target_languages"),
    "malformed target language": (
        {"target_languages": ("fr", "French!")},
        "target_languages: Azure does not translate to 'French!'",
    ),
    "target language of which Azure has no translation": (
        {"target_languages": ("fr", "gsw-CH")},
        "target_languages: Azure does not translate to 'gsw-CH'; the nearest that it does is 'de' (German)",
    ),
    "empty target language": ({"target_languages": ("",)}, "target_languages: ''"),
    "one language between": (
        {"between": ("en",)},
        "between takes two different languages, e.g. ('en', 'fr'), not ('en',)",
    ),
    "two regions between": ({"between": ("pt-BR", "pt-PT")}, "between takes two different languages"),
    "a language between of which Azure has no translation": (
        {"between": ("en", "xx")},
        "between: 'xx' is not a language that Azure translates to",
    ),
    "malformed source language": ({"source_languages": ("e",)}, "source_languages: 'e'"),
    "too many source languages": (
        {"source_languages": tuple(f"en-{letter}{letter}" for letter in "ABCDEFGHIJK")},
        "source_languages takes at most 10 languages (11 given)",
    ),
    "weight too low": ({"phrase_list_weight": -0.1}, "phrase_list_weight must be between 0 and 2, not -0.1"),
    "weight too high": ({"phrase_list_weight": 2.1}, "phrase_list_weight must be between 0 and 2, not 2.1"),
    "latency": (
        {"latency": "none"},
        "latency must be one of 'lowest', 'low', 'balanced', 'relaxed', not 'none'",
    ),
    "sample rate": (
        {"sample_rate": 44100},
        "sample_rate must be one of 8000, 16000, 24000, 48000, not 44100",
    ),
    "profanity": ({"profanity": "mask"}, "profanity must be one of None, 'masked', 'removed', 'raw'"),
    "strategy": (
        {"segmentation_strategy": "semantic"},
        "segmentation_strategy must be one of None, 'Default'",
    ),
    "silence too short": ({"segmentation_silence_timeout_ms": 99}, "segmentation_silence_timeout_ms must be"),
    "silence too long": ({"segmentation_silence_timeout_ms": 5001}, "between 100 and 5000, not 5001"),
    "utterance too short": ({"segmentation_max_time_ms": 19999}, "segmentation_max_time_ms must be"),
    "a category with a space": ({"translation_category": "a b"}, "translation_category must be the category"),
    "an empty category": ({"translation_category": ""}, "translation_category must be the category ID"),
    "a number as a category": ({"translation_category": 5}, "translation_category must be the category ID"),
    "a voice without its language": ({"voice": "Denise"}, "such as 'fr-FR-DeniseNeural'; not 'Denise'"),
    "a voice's language alone": ({"voice": "fr-FR"}, "such as 'fr-FR-DeniseNeural'; not 'fr-FR'"),
    "a voice misspelt": ({"voice": "personal_voice"}, "voice must be 'personal-voice', None (text only), or"),
    "no voice's name": ({"voice": ""}, "; not ''"),
    "utterance too long": ({"segmentation_max_time_ms": 70001}, "between 20000 and 70000, not 70001"),
}


@pytest.mark.parametrize(("given", "message"), REFUSED_OPTIONS.values(), ids=REFUSED_OPTIONS)
def test_a_refused_option_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        options(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"target_languages": ("fr", "pt-BR", "zh-Hans", "sr-Latn-RS", "fil")},
        {"source_languages": tuple(f"en-{letter}{letter}" for letter in "ABCDEFGHIJ")},
        {"segmentation_silence_timeout_ms": 100},
        {"segmentation_silence_timeout_ms": 5000},
        {"segmentation_max_time_ms": 20000},
        {"segmentation_max_time_ms": 70000},
        {"translation_category": None},
        {"translation_category": "aaaabbbb-0000-cccc-1111-dddd2222eeee-TECH"},
        {"voice": None},
        {"voice": "fr-FR-DeniseNeural"},
        {"voice": "en-us-Ava:DragonHDLatestNeural"},
        {"voice": "zh-CN-liaoning-XiaobeiNeural"},
        {"voice": "sr-Latn-RS-NicholasNeural"},
        *({"sample_rate": rate} for rate in (8000, 16000, 24000, 48000)),
        *({"latency": latency} for latency in ("lowest", "low", "balanced", "relaxed")),
        *({"profanity": profanity} for profanity in (None, "masked", "removed", "raw")),
        *({"segmentation_strategy": strategy} for strategy in (None, "Default", "Time", "Semantic")),
    ],
)
def test_a_valid_option_is_accepted(given: dict[str, Any]) -> None:
    made = options(**given)
    assert {name: getattr(made, name) for name in given} == given


def test_any_language_is_heard_and_the_speakers_own_voice_speaks_by_default() -> None:
    made = options()
    assert (made.source_languages, made.voice, made.sample_rate) == ((), PERSONAL_VOICE, 16000)


@pytest.mark.parametrize(
    ("given", "segmentation"),
    [
        ({}, (None, None, None)),
        ({"pace": "quick"}, (300, 20000, "Semantic")),
        ({"pace": "simultaneous", "voice": None}, (None, None, None)),
        ({"pace": "quick", "segmentation_strategy": "Time"}, (300, 20000, "Time")),
        ({"pace": "quick", "segmentation_silence_timeout_ms": 800}, (800, 20000, "Semantic")),
        ({"segmentation_max_time_ms": 30000}, (None, 30000, None)),
    ],
)
def test_a_pace_segments_as_far_as_the_options_do_not(given: dict[str, Any], segmentation: Any) -> None:
    assert options(**given).segmentation == segmentation


@pytest.mark.parametrize("voice", [PERSONAL_VOICE, "fr-FR-DeniseNeural", (("fr", PERSONAL_VOICE),)])
def test_a_voice_of_azure_contradicts_the_simultaneous_pace(voice: Any) -> None:
    with pytest.raises(ValueError, match="voice must be None with pace="):
        options(pace="simultaneous", voice=voice)


@pytest.mark.parametrize("pace", get_args(Pace))
def test_the_voice_that_is_asked_for_is_the_paces(pace: Pace) -> None:
    assert options(pace=pace, voice=voice_of_pace(pace)).copies_voice is (pace != "simultaneous")


def test_an_unknown_pace_is_refused() -> None:
    with pytest.raises(ValueError, match="pace must be one of"):
        options(pace="slow")


def test_options_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        options().sample_rate = 8000  # type: ignore[misc]


def test_a_proxys_password_is_in_no_repr() -> None:
    proxy = Proxy.parse("http://me:SECRET@proxy.example:8080")
    assert proxy.password == "SECRET"
    assert "SECRET" not in repr(proxy) + repr(options(proxy=proxy))


@pytest.mark.parametrize("url", ["http://me:SECRET@", "ftp://me:SECRET@proxy:1", "http://me:SECRET@proxy:x"])
def test_a_proxys_password_is_in_no_error(url: str) -> None:
    with pytest.raises(ValueError, match="proxy must be") as refused:
        Proxy.parse(url)
    assert "SECRET" not in str(refused.value)
    assert refused.value.__cause__ is None


# Languages


@pytest.mark.parametrize(
    ("value", "several"),
    [
        (None, ()),
        ("fr", ("fr",)),
        (["fr", "de"], ("fr", "de")),
        (("fr",), ("fr",)),
        ([], ()),
        (["de", "fr", "de"], ("de", "fr")),
        (["zh_CN", "FR", " de ", "español"], ("zh-CN", "fr", "de", "es")),
        (["français", "fr", "no"], ("fr", "no")),
    ],
)
def test_one_language_or_several_become_a_tuple_in_order(value: Any, several: tuple[str, ...]) -> None:
    assert languages("target_languages", value) == several


@pytest.mark.parametrize("value", [[None], ["fr", 5], [["fr"]]])
def test_an_unknown_language_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match="target_languages takes language codes"):
        languages("target_languages", value)


def test_a_rate_that_azure_does_not_speak_at_is_refused() -> None:
    with pytest.raises(ValueError, match="sample_rate must be one of 16000, 24000, 48000"):
        SpeakingOptions(credentials=Credentials(endpoint="ws://x"), sample_rate=8000)


@pytest.mark.parametrize(
    ("given", "name"), [(None, None), ("raw", "raw"), (speechsdk.ProfanityOption.Raw, "raw")]
)
def test_profanity_may_be_the_sdks_own(given: Any, name: str | None) -> None:
    assert profanity_option(given) == name


@pytest.mark.parametrize(
    ("endpoints", "message"),
    [
        ([("de-DE", "an-id")], "'de-DE', which is not in source_languages"),
        ([("en-US", "")], "needs the id of an endpoint for 'en-US'"),
    ],
)
def test_a_custom_endpoint_is_of_a_source_language(endpoints: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_endpoints(endpoints, ("en-US",))


def test_a_source_language_needs_no_custom_endpoint() -> None:
    check_endpoints([("en-US", "an-id")], ("en-US", "de-DE"))


class TestProxy:
    @pytest.mark.parametrize(
        ("url", "proxy"),
        [
            ("http://proxy.example:8080", Proxy("proxy.example", 8080)),
            ("http://me:p%40ss@127.0.0.1:3128", Proxy("127.0.0.1", 3128, "me", "p@ss")),
        ],
    )
    def test_it_is_read_from_its_url(self, url: str, proxy: Proxy) -> None:
        assert Proxy.parse(url) == proxy

    @pytest.mark.parametrize(
        "url",
        [
            "proxy.example:8080",
            "https://me:a-secret@proxy.example:8080",
            "http://me:a-secret@proxy.example",
            "http://me:a-secret@:8080",
            "http://me:a-secret@proxy.example:port",
        ],
    )
    def test_anything_else_is_refused_and_not_repeated(self, url: str) -> None:
        with pytest.raises(ValueError, match="proxy must be") as raised:
            Proxy.parse(url)
        assert "a-secret" not in str(raised.value)

    def test_its_user_and_password_are_not_shown(self) -> None:
        assert "secret" not in repr(Proxy.parse("http://secret-me:secret-word@proxy.example:8080"))


def test_the_typed_options_are_the_arguments_of_stt_with_their_types() -> None:
    arguments = inspect.signature(STT).parameters.values()
    types = {
        # NOT_GIVEN stands for a default that depends on another argument.
        one.name: re.sub(r"^NotGivenOr\[(.*)\]$", r"\1", one.annotation)
        for one in arguments
        if not one.name.startswith("_")
    }
    assert STTOptions.__optional_keys__ == types.keys() - {"target_languages", "spoken_languages", "between"}
    assert STTOptionsWithoutLanguages.__optional_keys__ == STTOptions.__optional_keys__ - {"source_languages"}
    for name, reference in STTOptions.__annotations__.items():
        assert (name, reference.__forward_arg__) == (name, types[name])


class TestSpokenLanguages:
    def _options(self, **given: Any) -> Options:
        credentials = Credentials(endpoint="ws://localhost", key="any")
        return Options(**{"credentials": credentials, "target_languages": ("fr-FR", "de", "nb"), **given})

    def test_the_first_target_is_spoken_unless_others_are_named(self) -> None:
        assert (self._options().spoken, self._options().main_language) == (("fr",), "fr-FR")
        named = self._options(spoken_languages=("de", "fr"))
        assert (named.spoken, named.main_language) == (("de", "fr"), "de")

    def test_targets_are_those_of_azure_the_spoken_ones_first(self) -> None:
        assert self._options(spoken_languages=("no", "de")).targets == ("nb", "de", "fr")

    def test_one_voice_is_that_of_each_spoken_language(self) -> None:
        voices = self._options(spoken_languages=("fr", "de")).voices
        assert voices == {"fr": "personal-voice", "de": "personal-voice"}

    def test_a_language_without_a_voice_is_text_only(self) -> None:
        pairs = (("fr-FR", "fr-FR-DeniseNeural"), ("de", None))
        assert self._options(spoken_languages=("fr", "de"), voice=pairs).voices == {
            "fr": "fr-FR-DeniseNeural"
        }
        assert self._options(voice=None).voices == {}

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"spoken_languages": ("ja",)}, "spoken_languages has 'ja', which is not in target_languages"),
            ({"spoken_languages": ("xx",)}, "spoken_languages: 'xx' is not a language"),
            ({"voice": (("de", None),)}, "voice names no voice for 'fr', which is spoken"),
            (
                {"voice": (("fr", None), ("de", None))},
                "voice names one for 'de', which is not in spoken_languages",
            ),
            ({"voice": (("fr", "Denise"),)}, "voice must be 'personal-voice', None"),
        ],
    )
    def test_languages_and_voices_that_do_not_fit_are_refused(
        self, given: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=re.escape(message)):
            self._options(**given)

    @pytest.mark.parametrize(
        ("before", "after", "alone"),
        [
            ({"spoken_languages": ("fr",)}, {"spoken_languages": ("fr", "de")}, True),
            ({"spoken_languages": ("fr",), "voice": None}, {"spoken_languages": ("de",)}, True),
            ({"spoken_languages": ("fr",)}, {"spoken_languages": ("fr",), "voice": None}, False),
            ({}, {"spoken_languages": ("fr", "de")}, False),
            ({"spoken_languages": ("fr",)}, {}, False),
            ({"spoken_languages": ("fr",)}, {"spoken_languages": ("fr",), "phrase_list": ("a",)}, False),
            (
                {"spoken_languages": ("fr",), "separate_voices": True},
                {"spoken_languages": ("fr", "de"), "separate_voices": True},
                False,
            ),
        ],
    )
    def test_a_running_connection_takes_other_languages_and_nothing_else(
        self, before: dict[str, Any], after: dict[str, Any], alone: bool
    ) -> None:
        assert self._options(**before).differs_in_languages_alone(self._options(**after)) is alone

    def test_the_own_voice_gives_way_to_that_of_other_options_and_others_stay(self) -> None:
        pairs = (("fr", "personal-voice"), ("de", "de-DE-KatjaNeural"), ("it", "personal-voice"))
        languages = ("fr", "de", "it")
        before = self._options(target_languages=languages, spoken_languages=languages, voice=pairs)
        other = self._options(target_languages=("fr",), spoken_languages=("fr",), voice="fr-FR-DeniseNeural")
        assert (before.copies_voice, other.copies_voice) == (True, False)
        assert before.without_own_voice(other).voices == {
            "fr": "fr-FR-DeniseNeural",
            "de": "de-DE-KatjaNeural",
        }
        assert other.without_own_voice(before) is other

    def test_voices_share_a_connection_unless_they_are_separate(self) -> None:
        shared = self._options(spoken_languages=("fr", "de"))
        assert shared.shares_connection
        assert (shared.of_main_connection(), shared.of_side_connections()) == (shared, {})
        assert not dataclasses.replace(shared, separate_voices=True).shares_connection
        assert not self._options().shares_connection

    def test_separate_voices_have_a_connection_for_each_language(self) -> None:
        separate = self._options(spoken_languages=("de", "fr"), separate_voices=True)
        main, sides = separate.of_main_connection(), separate.of_side_connections()
        assert (main.target_languages, main.voices) == (("de", "fr-FR", "nb"), {"de": "personal-voice"})
        assert [(name, side.target_languages, side.voices) for name, side in sides.items()] == [
            ("fr", ("fr",), {"fr": "personal-voice"})
        ]

    def test_a_voice_for_each_language_is_kept_as_pairs(self) -> None:
        assert voice_option("voice", "personal-voice") == "personal-voice"
        assert voice_option("voice", {"fr": "personal-voice", "de": None}) == (
            ("fr", "personal-voice"),
            ("de", None),
        )
        with pytest.raises(ValueError, match="voice: 'xx' is not a language"):
            voice_option("voice", {"xx": None})


@pytest.mark.parametrize(
    ("spoken", "said"),
    [("en-US", "fr-FR"), ("en", "fr-FR"), ("fr-CA", "en-US"), ("de-DE", "en-US"), ("", "en-US")],
)
def test_speech_between_two_languages_is_said_in_the_other_and_a_third_in_the_first(
    spoken: str, said: str
) -> None:
    both = ("en-US", "fr-FR")
    of_two = options(target_languages=both, spoken_languages=both, between=both)
    assert of_two.language_to_say(spoken) == said
    assert of_two.said == ("en", "fr")


def test_the_first_spoken_language_is_said_otherwise() -> None:
    of_many = options(target_languages=("fr", "en"), spoken_languages=("fr", "en"))
    assert of_many.language_to_say("fr-FR") == "fr"
    assert of_many.said == ("fr",)


def test_a_connection_of_its_own_speaks_one_language_of_two() -> None:
    both = ("en", "fr")
    of_two = options(target_languages=both, spoken_languages=both, between=both, separate_voices=True)
    assert of_two.of_main_connection().spoken == ("en",)
    assert {code: one.between for code, one in of_two.of_side_connections().items()} == {"fr": ()}
