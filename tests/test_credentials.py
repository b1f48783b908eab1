"""Who asks Azure, and where: what fits together, and what is told where it does not."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any, cast

import pytest

from livekit_plugins_azure_interpreter.credentials import SPEAKING, Credentials, TokenError

KEY = {"key": "a-key"}
SOMEWHERE = {"region": "westeurope"}
WHERE = "wss://westeurope.stt.speech.microsoft.com/speech/universal/v2"


class Entra:
    """An Entra ID credential; its token is what it was asked for."""

    def __repr__(self) -> str:
        return "SECRET"

    def get_token(self, *scopes: str) -> Any:
        return SimpleNamespace(token=" ".join(scopes))


class AsyncEntra:
    """One of azure.identity.aio."""

    async def get_token(self, *scopes: str) -> Any:
        raise NotImplementedError


async def async_token() -> str:
    raise NotImplementedError


def resolve(environment: dict[str, str] | None = None, **arguments: Any) -> Credentials:
    return Credentials.resolve(**arguments, environment=environment or {})


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
def test_the_address_is_taken_from_the_environment(where: dict[str, str], endpoint: str) -> None:
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
def test_the_more_exact_variable_goes_first(names: list[str], first: str) -> None:
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
    "endpoint whose port is none": (
        {**KEY, "endpoint": "ws://localhost:SECRET/x"},
        ["speech_endpoint", "AZURE_SPEECH_ENDPOINT", "port"],
    ),
    "endpoint without host": ({**KEY, "endpoint": "wss:///x"}, ["speech_endpoint", "AZURE_SPEECH_ENDPOINT"]),
    "host without scheme": ({**KEY, "host": "x.example"}, ["speech_host", "AZURE_SPEECH_HOST"]),
    "key with token": (
        {**KEY, "auth_token": "SECRET", **SOMEWHERE},
        ["speech_key and speech_auth_token contradict each other"],
    ),
    "token with Entra": (
        {"auth_token": "SECRET", "token_credential": Entra(), "endpoint": WHERE},
        ["speech_auth_token and token_credential contradict each other"],
    ),
    "a token as Entra": (
        {"token_credential": "SECRET", "endpoint": WHERE},
        ["token_credential must be a credential", "azure.identity", "speech_auth_token"],
    ),
    "asynchronous Entra": (
        {"token_credential": AsyncEntra(), "endpoint": WHERE},
        ["token_credential must not be asynchronous", "azure.identity.aio"],
    ),
    "asynchronous token": (
        {"auth_token": async_token, **SOMEWHERE},
        ["speech_auth_token must not be asynchronous"],
    ),
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
    assert "SECRET" not in str(refused.value)


def test_an_entra_credential_does_not_fit_the_environments_region() -> None:
    with pytest.raises(ValueError, match="AZURE_SPEECH_REGION"):
        resolve({"AZURE_SPEECH_REGION": "westeurope"}, token_credential=Entra())


# Secrets

SECRETS = {
    "key": {"key": "SECRET", **SOMEWHERE},
    "token": {"auth_token": "SECRET", **SOMEWHERE},
    "Entra": {"token_credential": Entra(), "endpoint": WHERE},
    "endpoint": {**KEY, "endpoint": "wss://x.example/x?Ocp-Apim-Subscription-Key=SECRET"},
}


@pytest.mark.parametrize("given", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_in_no_repr(given: dict[str, Any]) -> None:
    assert "SECRET" not in repr(resolve(**given))


@pytest.mark.parametrize(
    "given",
    [
        {"key": "SECRET"},
        {"key": "SECRET", "region": "x y"},
        {"auth_token": "SECRET", "region": "x", "host": "y"},
        {"token_credential": Entra(), "region": "x"},
        {**KEY, "endpoint": "x.example?key=SECRET"},
        {**KEY, "host": "x.example?key=SECRET"},
        {**KEY, "host": "wss://x.example:SECRET"},
    ],
)
def test_a_secret_is_in_no_error(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="speech_") as refused:
        resolve(**given)
    assert "SECRET" not in str(refused.value)


def test_credentials_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        resolve(**KEY, **SOMEWHERE).key = "another"  # type: ignore[misc]


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

    def test_an_entra_credential_is_asked_for_a_token_of_azure_speech(self) -> None:
        credentials = resolve(token_credential=Entra(), endpoint=WHERE)
        assert credentials.token() == "https://cognitiveservices.azure.com/.default"
        assert credentials.renewable

    def test_an_entra_credential_that_fails_is_named_without_its_words(self) -> None:
        def fail(*_: str) -> None:
            raise OSError("SECRET")

        credentials = resolve(token_credential=SimpleNamespace(get_token=fail), endpoint=WHERE)
        with pytest.raises(TokenError, match=r"^token_credential\.get_token\(\) raised OSError$") as raised:
            credentials.token()
        assert raised.value.__cause__ is None

    def test_a_token_from_a_file_may_end_with_a_line_break(self) -> None:
        assert self.credentials(lambda: "a-token\n").token() == "a-token"

    @pytest.mark.parametrize("value", ["SECRET\nX-Header: y", "Bearer SECRET", "SECRET\x00"])
    def test_a_token_that_fits_no_header_is_refused_and_not_repeated(self, value: str) -> None:
        with pytest.raises(TokenError, match=r"speech_auth_token\(\) must return a token") as raised:
            self.credentials(lambda: value).token()
        assert "SECRET" not in str(raised.value)

    @pytest.mark.parametrize("value", [None, "", " ", 5])
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
