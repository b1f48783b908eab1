"""Strings as users give them, at every door: taken, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from livekit_plugins_azure_interpreter import STT, PersonalVoiceTTS
from livekit_plugins_azure_interpreter._options.strings import is_visible_ascii, secret, trimmed, unsendable
from livekit_plugins_azure_interpreter._speaking.ssml import SynthesisVoice
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Proxy

_WHERE = "wss://westeurope.stt.speech.microsoft.com/speech/universal/v2"
_SPEECH = "/speech/universal/v2"


def _resolved(name: str) -> Callable[[dict[str, Any]], Any]:
    def read(arguments: dict[str, Any]) -> Any:
        others = {"key": "any", "endpoint": _WHERE, **arguments}
        if "auth_token" in arguments:
            others.pop("key")
        if {"region", "host"} & arguments.keys():
            others.pop("endpoint")
        return getattr(Credentials.resolve(**others, environment={}), name)

    return read


def _profile(arguments: dict[str, Any]) -> Any:
    return SynthesisVoice.resolve(**arguments, environment={}).speaker_profile_id


def _proxy(arguments: dict[str, Any]) -> Any:
    return Proxy.parse(**arguments)


def _stt(arguments: dict[str, Any]) -> Any:
    return STT(**{"target_languages": "fr", "speech_key": "any", "speech_endpoint": _WHERE, **arguments})


def _voice(arguments: dict[str, Any]) -> Any:
    return PersonalVoiceTTS(speech_key="any", speech_region="westeurope", **arguments)


def _named(value: object) -> str | None:
    return None if callable(value) else repr(value)[:60]


_TAKEN = [
    (_resolved("key"), {"key": "secret\n"}, "secret"),
    (_resolved("key"), {"key": "\tsecret\r\n"}, "secret"),
    (_resolved("auth_token"), {"auth_token": " eyJ.a-b_c.d== \n"}, "eyJ.a-b_c.d=="),
    (_resolved("endpoint"), {"region": "WestEurope\n"}, _WHERE),
    (_resolved("endpoint"), {"region": "westeurope "}, _WHERE),
    (_resolved("endpoint"), {"endpoint": f"{_WHERE}\n"}, _WHERE),
    (_resolved("endpoint"), {"endpoint": "HTTPS://n.example/x"}, "wss://n.example/x"),
    (_resolved("endpoint"), {"endpoint": "Wss://n.example/X?a=B"}, "wss://n.example/X?a=B"),
    (_resolved("endpoint"), {"host": "HTTP://localhost:5000/\n"}, f"ws://localhost:5000{_SPEECH}"),
    (_proxy, {"url": "HTTP://proxy.example:8080\n"}, Proxy("proxy.example", 8080)),
    (_profile, {"speaker_profile_id": "an-id\n"}, "an-id"),
]


@pytest.mark.parametrize(("read", "arguments", "taken"), _TAKEN, ids=_named)
def test_a_valid_value_is_accepted(
    read: Callable[[dict[str, Any]], Any], arguments: dict[str, Any], taken: object
) -> None:
    assert read(arguments) == taken


_REFUSED = [
    (_stt, {"speech_key": "SECRET\nX-Header: y"}, "speech_key contains"),
    (_stt, {"speech_key": "SECRET\x00"}, "speech_key contains"),
    (_stt, {"speech_key": "SECRÉT"}, "speech_key contains"),
    (_stt, {"speech_key": b"SECRET"}, "speech_key must be a string, not bytes"),
    (_stt, {"speech_key": None, "speech_auth_token": "Bearer SECRET"}, "speech_auth_token contains a space"),
    (_stt, {"speech_endpoint": "wss://n.example/\r\nSECRET"}, "speech_endpoint .* contains a space"),
    (_stt, {"speech_endpoint": "wss://n.example/SECRET\x00"}, "speech_endpoint .* contains a space"),
    (_stt, {"speech_endpoint": "wss:///SECRET"}, "speech_endpoint .* must begin with wss://"),
    (_stt, {"speech_endpoint": "wss://?SECRET"}, "speech_endpoint .* must begin with wss://"),
    (_stt, {"speech_endpoint": "ftp://SECRET"}, "speech_endpoint .* must begin with wss://"),
    (
        _stt,
        {"speech_endpoint": None, "speech_host": "localhost:5000"},
        "speech_host .* must begin with wss://",
    ),
    (_stt, {"speech_endpoint": None, "speech_host": "ws://local host"}, "speech_host .* contains a space"),
    (_stt, {"speech_endpoint": None, "speech_region": "West Europe"}, "try 'westeurope'"),
    (_stt, {"speech_endpoint": None, "speech_region": "westeurope.evil/"}, "speech_region .* must be a name"),
    (_stt, {"speech_endpoint": None, "speech_region": "west\x00"}, "speech_region .* must be a name"),
    (_stt, {"proxy": "http://me:SECRET@proxy\n.example:8080"}, "proxy must be"),
    (_stt, {"proxy": "http://me:SECRET@proxy.example:8080\x00"}, "proxy must be"),
    (_stt, {"voice": "fr-FR-DeniseNeural\n"}, "voice must be"),
    (_stt, {"voice": "<voice/>"}, "voice must be"),
    (_stt, {"source_languages": "en-US\x00"}, "source_languages: "),
    (_stt, {"target_languages": "<fr>"}, "target_languages: "),
    (_stt, {"phrase_list": ["nul\x00"]}, r"phrase_list .* U\+0000"),
    (
        _stt,
        {"source_languages": "en-US", "custom_endpoints": {"en-US": "id&cid=x\n"}},
        "custom_endpoints needs the id",
    ),
    (_voice, {"voice": "fr-FR-DeniseNeural'/>"}, "voice must be"),
    (_voice, {"speaker_profile_id": "SECRET\x00"}, "speaker_profile_id .* must be an id"),
    (_voice, {"speaker_profile_id": "SECRET'/>"}, "speaker_profile_id .* must be an id"),
    (_voice, {"speaker_profile_id": "an-id", "model": "x'/>"}, "model must be a name"),
    (_voice, {"voice": "fr-FR-DeniseNeural", "language": "fr'/>"}, "language: "),
    (_voice, {"voice": "fr-FR-DeniseNeural", "proxy": "proxy.example"}, "proxy must be"),
]


@pytest.mark.parametrize(("make", "arguments", "reason"), _REFUSED, ids=_named)
def test_a_value_that_cannot_be_sent_is_refused_with_the_reason_and_no_secret(
    make: Callable[[dict[str, Any]], Any], arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        make(arguments)
    assert "SECRET" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_variable_is_read_like_an_argument() -> None:
    environment = {
        "AZURE_SPEECH_KEY": "a-key\n",
        "AZURE_SPEECH_ENDPOINT": " \n",
        "AZURE_SPEECH_REGION": "EastUS\n",
    }
    resolved = Credentials.resolve(environment=environment)
    assert (resolved.key, resolved.endpoint) == ("a-key", f"wss://eastus.stt.speech.microsoft.com{_SPEECH}")
    with pytest.raises(ValueError, match="AZURE_SPEECH_KEY contains"):
        Credentials.resolve(environment={**environment, "AZURE_SPEECH_KEY": "a\nkey"})


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_nothing_but_white_space_is_nothing(text: str | None) -> None:
    assert trimmed("name", text) is None
    assert secret("name", text) is None


def test_a_space_is_not_visible() -> None:
    assert (is_visible_ascii("a~!"), is_visible_ascii("a b"), is_visible_ascii("")) == (True, False, False)


@pytest.mark.parametrize(
    ("text", "found"), [("é\u200c日", None), ("", None), ("a\nb\x00", "\n"), ("a\ud83d", "\ud83d")]
)
def test_the_first_character_that_cannot_be_sent_is_found(text: str, found: str | None) -> None:
    assert unsendable(text) == found
