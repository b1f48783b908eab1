"""What a user can choose, checked once and frozen."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, cast

import azure.cognitiveservices.speech as speechsdk
import pytest

from livekit_plugins_azure_interpreter.options import (
    PERSONAL_VOICE,
    SPEAKING,
    Credentials,
    Options,
    Proxy,
    SpeakingOptions,
    TokenError,
    check_endpoints,
    languages,
    phrases,
    profanity_option,
)

KEY = {"key": "a-key"}
SOMEWHERE = {"region": "westeurope"}
WHERE = "wss://westeurope.stt.speech.microsoft.com/speech/universal/v2"


class Entra:
    """An Entra ID credential, as far as the options look at it."""

    def __repr__(self) -> str:
        return "SECRET"


def resolve(environment: dict[str, str] | None = None, **arguments: Any) -> Credentials:
    return Credentials.resolve(**arguments, environment=environment or {})


def options(**arguments: Any) -> Options:
    given = {"credentials": Credentials(endpoint=WHERE, key="a-key"), "target_languages": ("fr",)}
    return Options(**{**given, **arguments})


# Where

ENDPOINTS = [
    ({"region": "westeurope"}, WHERE),
    (
        {"endpoint": "wss://n.cognitiveservices.azure.com/stt/x?a=b"},
        "wss://n.cognitiveservices.azure.com/stt/x?a=b",
    ),
    ({"endpoint": "https://n.cognitiveservices.azure.com/x"}, "wss://n.cognitiveservices.azure.com/x"),
    ({"endpoint": "http://localhost:5000/x"}, "ws://localhost:5000/x"),
    ({"host": "ws://localhost:5000"}, "ws://localhost:5000/speech/universal/v2"),
    ({"host": "ws://localhost:5000/"}, "ws://localhost:5000/speech/universal/v2"),
    ({"host": "https://example.com"}, "wss://example.com/speech/universal/v2"),
]


@pytest.mark.parametrize(("where", "endpoint"), ENDPOINTS)
def test_region_endpoint_and_host_lead_to_a_websocket(where: dict[str, str], endpoint: str) -> None:
    assert resolve(**KEY, **where).endpoint == endpoint


@pytest.mark.parametrize(("where", "endpoint"), ENDPOINTS)
def test_where_is_taken_from_the_environment(where: dict[str, str], endpoint: str) -> None:
    environment = {f"AZURE_SPEECH_{name.upper()}": value for name, value in where.items()}
    assert resolve(environment, **KEY).endpoint == endpoint


@pytest.mark.parametrize("where", [where for where, _ in ENDPOINTS])
def test_an_argument_goes_before_the_environment(where: dict[str, str]) -> None:
    environment = {
        "AZURE_SPEECH_REGION": "eastus",
        "AZURE_SPEECH_ENDPOINT": "wss://other.example/x",
        "AZURE_SPEECH_HOST": "wss://other.example",
    }
    assert resolve(environment, **KEY, **where) == resolve(**KEY, **where)


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["REGION", "ENDPOINT", "HOST"], "ENDPOINT"),
        (["REGION", "ENDPOINT"], "ENDPOINT"),
        (["REGION", "HOST"], "HOST"),
        (["ENDPOINT", "HOST"], "ENDPOINT"),
    ],
)
def test_in_the_environment_the_more_exact_one_goes_first(names: list[str], first: str) -> None:
    values = {"REGION": "eastus", "ENDPOINT": "wss://endpoint.example/x", "HOST": "wss://host.example"}
    environment = {f"AZURE_SPEECH_{name}": values[name] for name in names}
    only = {f"AZURE_SPEECH_{first}": values[first]}
    assert resolve(environment, **KEY) == resolve(only, **KEY)


# Who


@pytest.mark.parametrize(
    "who", [{"key": "a"}, {"auth_token": "a"}, {"token_credential": Entra()}], ids=["key", "token", "Entra"]
)
def test_any_credential_will_do_and_the_environments_key_is_not_added(who: dict[str, Any]) -> None:
    credentials = resolve({"AZURE_SPEECH_KEY": "another"}, endpoint=WHERE, **who)
    given = {"key": None, "auth_token": None, "token_credential": None, **who}
    assert {name: getattr(credentials, name) for name in given} == given


def test_the_key_is_taken_from_the_environment() -> None:
    assert resolve({"AZURE_SPEECH_KEY": "a-key"}, **SOMEWHERE).key == "a-key"


def test_the_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SPEECH_KEY", "a-key")
    monkeypatch.setenv("AZURE_SPEECH_ENDPOINT", "wss://endpoint.example/x")
    assert Credentials.resolve() == Credentials(endpoint="wss://endpoint.example/x", key="a-key")


def test_a_container_asks_for_no_credentials() -> None:
    assert resolve(host="ws://localhost:5000") == Credentials(
        endpoint="ws://localhost:5000/speech/universal/v2"
    )
    assert resolve({"AZURE_SPEECH_HOST": "ws://localhost:5000"}).key is None


# Errors

REFUSED_CREDENTIALS = {
    "no credential": (SOMEWHERE, ["speech_key", "AZURE_SPEECH_KEY", "speech_auth_token", "token_credential"]),
    "empty credential": ({"key": "", **SOMEWHERE}, ["speech_key", "AZURE_SPEECH_KEY"]),
    "nowhere": (
        KEY,
        [
            "speech_region",
            "AZURE_SPEECH_REGION",
            "speech_endpoint",
            "AZURE_SPEECH_ENDPOINT",
            "speech_host",
            "AZURE_SPEECH_HOST",
        ],
    ),
    "region with endpoint": ({**KEY, **SOMEWHERE, "endpoint": WHERE}, ["speech_region", "speech_endpoint"]),
    "region with host": ({**KEY, **SOMEWHERE, "host": WHERE}, ["speech_region", "speech_host"]),
    "endpoint with host": ({**KEY, "endpoint": WHERE, "host": WHERE}, ["speech_endpoint", "speech_host"]),
    "malformed region": (
        {**KEY, "region": "West Europe"},
        ["speech_region", "AZURE_SPEECH_REGION", "West Europe"],
    ),
    "region with a host in it": ({**KEY, "region": "x.example/"}, ["speech_region", "AZURE_SPEECH_REGION"]),
    "endpoint without scheme": (
        {**KEY, "endpoint": "x.example"},
        ["speech_endpoint", "AZURE_SPEECH_ENDPOINT"],
    ),
    "endpoint without host": ({**KEY, "endpoint": "wss:///x"}, ["speech_endpoint", "AZURE_SPEECH_ENDPOINT"]),
    "host without scheme": ({**KEY, "host": "x.example"}, ["speech_host", "AZURE_SPEECH_HOST"]),
    "Entra with region": (
        {"token_credential": Entra(), **SOMEWHERE},
        [
            "token_credential",
            "speech_endpoint",
            "AZURE_SPEECH_ENDPOINT",
            "speech_region",
            "AZURE_SPEECH_REGION",
        ],
    ),
}


@pytest.mark.parametrize(("given", "names"), REFUSED_CREDENTIALS.values(), ids=REFUSED_CREDENTIALS)
def test_refused_credentials_are_named_as_argument_and_variable(
    given: dict[str, Any], names: list[str]
) -> None:
    with pytest.raises(ValueError, match=names[0]) as refused:
        resolve(**given)
    assert [name for name in names if name not in str(refused.value)] == []


def test_an_entra_credential_does_not_fit_the_environments_region() -> None:
    with pytest.raises(ValueError, match="AZURE_SPEECH_REGION"):
        resolve({"AZURE_SPEECH_REGION": "westeurope"}, token_credential=Entra())


REFUSED_OPTIONS = {
    "no target language": ({"target_languages": ()}, "target_languages"),
    "malformed target language": ({"target_languages": ("fr", "French!")}, "target_languages: 'French!'"),
    "target language with underscore": ({"target_languages": ("fr_FR",)}, "target_languages: 'fr_FR'"),
    "empty target language": ({"target_languages": ("",)}, "target_languages: ''"),
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
        {"voice": None},
        *({"sample_rate": rate} for rate in (8000, 16000, 24000, 48000)),
        *({"latency": latency} for latency in ("lowest", "low", "balanced", "relaxed")),
        *({"profanity": profanity} for profanity in (None, "masked", "removed", "raw")),
        *({"segmentation_strategy": strategy} for strategy in (None, "Default", "Time", "Semantic")),
    ],
)
def test_what_azure_takes_is_taken(given: dict[str, Any]) -> None:
    made = options(**given)
    assert {name: getattr(made, name) for name in given} == given


def test_by_default_any_language_is_heard_and_the_speakers_own_voice_speaks() -> None:
    made = options()
    assert (made.source_languages, made.voice, made.sample_rate) == ((), PERSONAL_VOICE, 16000)


@pytest.mark.parametrize("made", [options(), resolve(**KEY, **SOMEWHERE)], ids=["options", "credentials"])
def test_what_was_chosen_cannot_be_changed(made: Options | Credentials) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.anything = 1  # type: ignore[union-attr]


# Secrets

SECRETS = {
    "key": {"key": "SECRET", **SOMEWHERE},
    "token": {"auth_token": "SECRET", **SOMEWHERE},
    "Entra": {"token_credential": Entra(), "endpoint": WHERE},
    "endpoint": {**KEY, "endpoint": "wss://x.example/x?Ocp-Apim-Subscription-Key=SECRET"},
}


@pytest.mark.parametrize("given", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_in_no_repr(given: dict[str, Any]) -> None:
    credentials = resolve(**given)
    assert "SECRET" not in repr(credentials) + repr(options(credentials=credentials))


@pytest.mark.parametrize(
    "given",
    [
        {"key": "SECRET"},
        {"key": "SECRET", "region": "x y"},
        {"auth_token": "SECRET", "region": "x", "host": "y"},
        {"token_credential": Entra(), "region": "x"},
        {**KEY, "endpoint": "x.example?key=SECRET"},
        {**KEY, "host": "x.example?key=SECRET"},
    ],
)
def test_a_secret_is_in_no_error(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="speech_") as refused:
        resolve(**given)
    assert "SECRET" not in str(refused.value)


# languages


@pytest.mark.parametrize(
    ("value", "several"),
    [
        (None, ()),
        ("fr", ("fr",)),
        (["fr", "de"], ("fr", "de")),
        (("fr",), ("fr",)),
        ([], ()),
        (["de", "fr", "de"], ("de", "fr")),
    ],
)
def test_one_language_or_several_become_a_tuple_in_order(value: Any, several: tuple[str, ...]) -> None:
    assert languages("target_languages", value) == several


@pytest.mark.parametrize("value", [[None], ["fr", 5], [["fr"]]])
def test_what_is_no_language_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match="target_languages takes language codes"):
        languages("target_languages", value)


class TestTokens:
    def credentials(self, token: object) -> Credentials:
        return Credentials(endpoint="wss://example.com", auth_token=cast(Any, token))

    def test_a_token_is_given_as_it_is(self) -> None:
        credentials = self.credentials("a-token")
        assert (credentials.token(), credentials.renewable) == ("a-token", False)

    def test_a_function_is_asked_each_time(self) -> None:
        tokens = iter(["first", "second"])
        credentials = self.credentials(lambda: next(tokens))
        assert [credentials.token(), credentials.token()] == ["first", "second"]
        assert credentials.renewable

    def test_a_function_that_fails_is_named_without_its_words(self) -> None:
        def broken() -> str:
            raise OSError("SECRET")

        with pytest.raises(TokenError, match=r"^speech_auth_token\(\) raised OSError$") as raised:
            self.credentials(broken).token()
        assert raised.value.__cause__ is None

    @pytest.mark.parametrize("value", [None, "", 5])
    def test_a_function_that_gives_no_token_is_told(self, value: object) -> None:
        with pytest.raises(TokenError, match="must return a token"):
            self.credentials(lambda: value).token()


class TestSpeaking:
    @pytest.mark.parametrize(
        ("where", "endpoint"),
        [
            (
                {"region": "westeurope"},
                "wss://westeurope.tts.speech.microsoft.com/cognitiveservices/websocket/v1",
            ),
            ({"host": "ws://localhost:5000/"}, "ws://localhost:5000/cognitiveservices/websocket/v1"),
            (
                {"endpoint": "wss://westeurope.stt.speech.microsoft.com/speech/universal/v2?x=y"},
                "wss://westeurope.tts.speech.microsoft.com/cognitiveservices/websocket/v1",
            ),
            (
                {"endpoint": "https://name.cognitiveservices.azure.com/stt/speech/universal/v2"},
                "wss://name.cognitiveservices.azure.com/tts/cognitiveservices/websocket/v1",
            ),
            (
                {"endpoint": "ws://127.0.0.1:8765/speech/universal/v2"},
                "ws://127.0.0.1:8765/tts/cognitiveservices/websocket/v1",
            ),
            # The SDK adds the path where there is none.
            (
                {"endpoint": "https://name.cognitiveservices.azure.com"},
                "wss://name.cognitiveservices.azure.com",
            ),
            (
                {"endpoint": "wss://my.proxy/speak?deploymentId=x"},
                "wss://my.proxy/speak?deploymentId=x",
            ),
        ],
    )
    def test_each_place_leads_to_the_synthesizer(self, where: dict[str, str], endpoint: str) -> None:
        assert resolve(key="a-key", service=SPEAKING, **where).endpoint == endpoint

    def test_one_endpoint_in_the_environment_serves_both(self) -> None:
        environment = {
            "AZURE_SPEECH_KEY": "a-key",
            "AZURE_SPEECH_ENDPOINT": "ws://127.0.0.1:8765/speech/universal/v2",
        }
        assert resolve(environment).endpoint == "ws://127.0.0.1:8765/speech/universal/v2"
        speaking = resolve(environment, service=SPEAKING)
        assert speaking.endpoint == "ws://127.0.0.1:8765/tts/cognitiveservices/websocket/v1"

    def test_an_entra_credential_is_told_the_synthesizers_address(self) -> None:
        with pytest.raises(ValueError, match="/tts/cognitiveservices/websocket/v1"):
            resolve(token_credential=Entra(), region="westeurope", service=SPEAKING)

    def test_a_rate_that_azure_does_not_speak_at_is_refused(self) -> None:
        with pytest.raises(ValueError, match="sample_rate must be one of 16000, 24000, 48000"):
            SpeakingOptions(credentials=Credentials(endpoint="ws://x"), sample_rate=8000)


@pytest.mark.parametrize("given", ["Contoso", ["Contoso", 5]])
def test_a_phrase_list_is_a_list_of_phrases(given: Any) -> None:
    with pytest.raises(ValueError, match="phrase_list takes a list of phrases"):
        phrases(given)


def test_no_phrase_list_is_an_empty_one() -> None:
    assert (phrases(None), phrases([]), phrases(["a", "b"])) == ((), (), ("a", "b"))


@pytest.mark.parametrize(
    ("given", "name"), [(None, None), ("raw", "raw"), (speechsdk.ProfanityOption.Raw, "raw")]
)
def test_profanity_may_be_the_sdks_own(given: Any, name: str | None) -> None:
    assert profanity_option(given) == name


@pytest.mark.parametrize(
    ("endpoints", "message"),
    [
        ([("de-DE", "an-id")], "'de-DE', which is none of source_languages"),
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
