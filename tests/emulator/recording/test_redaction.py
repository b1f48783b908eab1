"""What is kept of a message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes.exchanges import exchange, recorded

from livekit_plugins_azure_interpreter.emulator.recording import redaction
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

_ID = "0123456789abcdef0123456789ABCDEF"
_DASHED = "01234567-89ab-cdef-0123-456789abcdef"


class TestRedaction:
    @pytest.mark.parametrize(
        "body",
        [
            {"context": {"serviceTag": "short"}},
            {"Id": "anything"},
            {"deep": [{"token": "abc"}]},
            {"text": f"see {_ID}"},
            {"text": f"see {_DASHED}."},
            {"text": "at wss://name.cognitiveservices.azure.com/stt?key=1 it was"},
            {"text": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9abcdef"},
        ],
    )
    def test_ids_tokens_and_addresses_are_not(self, body: dict[str, Any]) -> None:
        message = redaction.of_service(Message("turn.start", {}, json.dumps(body).encode()), binary=False)
        secret = ("short", "anything", "abc", _ID, _DASHED, "name", "eyJ")
        assert b"removed" in message.body
        assert not any(text.encode() in message.body for text in secret)

    def test_words_are(self) -> None:
        body = json.dumps({"DisplayText": "Le café est servi. " + "今日は天気がいい" * 6}, ensure_ascii=False)
        message = redaction.of_service(Message("translation.response", {}, body.encode()), binary=False)
        assert json.loads(message.body) == json.loads(body)

    def test_a_text_that_is_no_json_is_without_secrets(self) -> None:
        message = redaction.of_service(Message("odd", {}, f"bad {_ID}".encode()), binary=False)
        assert message.body == b"bad removed"

    def test_the_samples_of_a_voice_are(self) -> None:
        assert redaction.of_service(Message("audio", {}, b"\xff\0"), binary=True).body == b"\xff\0"

    def test_other_headers_have_no_value(self) -> None:
        headers = {"X-RequestId": _ID, "X-StreamId": "7", "X-Continuation-Token": "secret", "Server": "name"}
        message = redaction.of_service(Message("audio", headers), binary=True)
        assert message.headers == {"X-StreamId": "7", "X-Continuation-Token": "removed", "Server": "removed"}

    def test_a_clients_message_is_kept_as_what_it_asked_for_alone(self) -> None:
        body = b'{"translation": {"targetLanguages": ["fr"]}}'
        headers = {"X-RequestId": _ID}
        asked = redaction.of_client(Message("speech.context", headers, body))
        assert json.loads(asked.body) == json.loads(body)
        for path in ("speech.config", "telemetry", "audio"):
            assert redaction.of_client(Message(path, headers, body)) == Message(path)

    def test_a_secret_that_is_in_it_all_the_same_is_not_written(self) -> None:
        said = exchange(recorded("odd", {"text": "my resource-Name"}))
        with pytest.raises(redaction.SecretFound):
            redaction.checked(said, {"RESOURCE-name"})
        assert redaction.checked(said, {"other-name", "my"}) == said.to_json()
