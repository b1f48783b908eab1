"""What `nox -s live` makes of an exchange: each answer, and what is kept."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.exchanges import asked, chunk, exchange, final, interim, recorded, speech_end, voice_end
from live import __main__ as live
from live import kept
from live.observations import (
    NOT_SEEN,
    OF_A_CONVERSATION,
    OF_SPEECH_IN_THE_TARGET_LANGUAGE,
    Seen,
)
from live.recording import ConnectionRecorder
from live.unknowns import UNKNOWNS

from livekit_plugins_azure_interpreter.emulator import Exchange, RecordedConnection
from livekit_plugins_azure_interpreter.emulator.recognition.voices import riff_header
from livekit_plugins_azure_interpreter.emulator.wire import Message

_ROOT = Path(__file__).parents[1]
_RIFF = riff_header(16000)
_OBSERVE = {**OF_A_CONVERSATION, **OF_SPEECH_IN_THE_TARGET_LANGUAGE}


def _voice(number: int, *heads: bytes) -> list[Any]:
    return [*(chunk(number, head + b"1234") for head in heads), voice_end(number)]


_NO_FINAL = [recorded("speech.startDetected", {"Offset": 0})]
_TWO = [final(1), final(2)]
_VOICES = [*_voice(1, _RIFF, b""), *_voice(2, _RIFF, b"")]
_TURNS = [
    *asked("fr"),
    final(1),
    speech_end(),
    recorded("turn.end"),
    *asked("fr", turn=2),
    final(2, turn=2),
    speech_end(turn=2),
    *asked("fr", turn=3),
    speech_end(turn=3),
]
_CASES = [
    ("header", "first", [*_TWO, *_VOICES]),
    ("header", "every", [*_TWO, *_voice(1, _RIFF, _RIFF), *_voice(2, _RIFF)]),
    ("header", "none", [*_TWO, *_voice(1, b"", b"")]),
    ("header", "first voice", [*_TWO, *_voice(1, _RIFF, b""), *_voice(2, b"", b"")]),
    ("header", "mixed", [*_TWO, *_voice(1, _RIFF, b""), *_voice(2, b"", _RIFF)]),
    ("header", NOT_SEEN, _TWO),
    ("rate", "16000", [*_TWO, *_VOICES]),
    ("rate", "another", [*_TWO, *_voice(1, riff_header(24000))]),
    ("rate", "untold", [*_TWO, *_voice(1, b"")]),
    ("rate", NOT_SEEN, _TWO),
    ("voiced", "all", [*_TWO, *_VOICES]),
    ("voiced", "some", [*_TWO, *_voice(1, _RIFF)]),
    ("voiced", "none", [*_TWO, voice_end(1)]),
    ("voiced", NOT_SEEN, [final(1, key=None)]),
    ("interleaved", "no", [*_TWO, *_VOICES]),
    ("interleaved", "no", [*_TWO, *_voice(7, _RIFF, b""), *_voice(7, _RIFF, b"")]),
    ("interleaved", "yes", [chunk(1, b"12"), chunk(2, b"12"), *_voice(1, b"12"), *_voice(2, b"12")]),
    ("interleaved", NOT_SEEN, _voice(1, _RIFF, b"")),
    ("interims", "yes", [interim(), final(1)]),
    ("interims", "no", [final(1)]),
    ("interims", NOT_SEEN, _NO_FINAL),
    ("keys", "as asked", _TWO),
    ("keys", "otherwise", [final(1, key="fr-FR")]),
    ("keys", NOT_SEEN, [final(1, key=None)]),
    ("early", "no", [*_TWO, *_VOICES]),
    ("early", "yes", [final(1), *_VOICES, final(2)]),
    ("early", NOT_SEEN, _TWO),
    ("approval", "voices", [*_TWO, *_VOICES]),
    ("approval", "text only", _TWO),
    ("approval", "voice error", [final(1), voice_end(1, "Error")]),
    ("approval", NOT_SEEN, _NO_FINAL),
    ("same language", "voiced", [final(1, language="fr-FR"), *_voice(1, _RIFF)]),
    ("same language", "silent", [final(1, language="fr-FR")]),
    ("same language", "untranslated", [final(1, key=None, language="fr-FR")]),
    ("same language", NOT_SEEN, [final(1, RecognitionStatus="NoMatch")]),
    ("speech end", "per turn", _TWO),
    ("speech end", NOT_SEEN, [final(1)]),
    ("speech end", NOT_SEEN, _NO_FINAL),
]


class TestAnswers:
    @pytest.mark.parametrize(("unknown", "answer", "messages"), _CASES)
    def test_an_answer_is_found(self, unknown: str, answer: str, messages: list[Any]) -> None:
        assert _OBSERVE[unknown](Seen(exchange(*messages))).answer == answer

    @pytest.mark.parametrize(
        ("answer", "connection"),
        [
            ("per phrase", RecordedConnection(messages=_TURNS)),
            ("never", RecordedConnection(messages=[*asked("fr"), *_TWO])),
        ],
    )
    def test_the_end_of_speech_is_found(self, answer: str, connection: RecordedConnection) -> None:
        assert _OBSERVE["speech end"](Seen(Exchange(connections=[connection]))).answer == answer

    @pytest.mark.parametrize(
        ("answer", "connection"),
        [
            ("refused", RecordedConnection(status=401)),
            ("closed", RecordedConnection(messages=asked("fr"), close_code=1007, close_reason="no voice")),
        ],
    )
    def test_a_service_that_does_not_want_to_is_found(
        self, answer: str, connection: RecordedConnection
    ) -> None:
        assert _OBSERVE["approval"](Seen(Exchange(connections=[connection]))).answer == answer

    def test_each_that_is_in_the_table_can_be_found(self) -> None:
        found = {(unknown, answer) for unknown, answer, _ in _CASES if answer != NOT_SEEN}
        found |= {("speech end", "per phrase"), ("speech end", "never")}
        found |= {("approval", "refused"), ("approval", "closed")}
        assert found == {(name, answer) for name, unknown in UNKNOWNS.items() for answer in unknown.answers}

    def test_an_unreadable_message_tells_nothing(self) -> None:
        odd = [replace(final(1), message=Message("translation.response", {}, body)) for body in (b"[]", b"?")]
        assert _OBSERVE["keys"](Seen(exchange(*odd))).answer == NOT_SEEN


_TESTS = {
    test for unknown in UNKNOWNS.values() for answer in unknown.answers.values() for test in answer.tests
}


class TestTable:
    @pytest.mark.parametrize("test", sorted(_TESTS))
    def test_the_test_of_an_answer_is_there(self, test: str) -> None:
        path, *names = re.sub(r"\[.*", "", test).split("::")
        source = (_ROOT / path).read_text(encoding="utf-8")
        scope: list[ast.stmt] = ast.parse(source).body
        for name in names:
            found = [one for one in scope if getattr(one, "name", "") == name]
            assert found, f"{name} is not in {path}"
            scope = getattr(found[0], "body", [])
        if parameter := re.search(r"\[(.*)\]", test):
            assert parameter[1] in source

    def test_every_answer_has_one(self) -> None:
        answers = [answer for unknown in UNKNOWNS.values() for answer in unknown.answers.values()]
        assert all(answer.tests for answer in answers)


_ID = "0123456789abcdef0123456789ABCDEF"
_DASHED = "01234567-89ab-cdef-0123-456789abcdef"


class TestKept:
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
        message = kept.of_service(Message("turn.start", {}, json.dumps(body).encode()), binary=False)
        secret = ("short", "anything", "abc", _ID, _DASHED, "name", "eyJ")
        assert b"removed" in message.body
        assert not any(text.encode() in message.body for text in secret)

    def test_words_are(self) -> None:
        body = json.dumps({"DisplayText": "Le café est servi. " + "今日は天気がいい" * 6}, ensure_ascii=False)
        message = kept.of_service(Message("translation.response", {}, body.encode()), binary=False)
        assert json.loads(message.body) == json.loads(body)

    def test_a_text_that_is_no_json_is_without_secrets(self) -> None:
        message = kept.of_service(Message("odd", {}, f"bad {_ID}".encode()), binary=False)
        assert message.body == b"bad removed"

    def test_the_samples_of_a_voice_are(self) -> None:
        assert kept.of_service(Message("audio", {}, b"\xff\0"), binary=True).body == b"\xff\0"

    def test_other_headers_have_no_value(self) -> None:
        headers = {"X-RequestId": _ID, "X-StreamId": "7", "X-Continuation-Token": "secret", "Server": "name"}
        message = kept.of_service(Message("audio", headers), binary=True)
        assert message.headers == {"X-StreamId": "7", "X-Continuation-Token": "removed", "Server": "removed"}

    def test_a_clients_message_is_kept_as_what_it_asked_for_alone(self) -> None:
        body = b'{"translation": {"targetLanguages": ["fr"]}}'
        headers = {"X-RequestId": _ID}
        assert json.loads(kept.of_client(Message("speech.context", headers, body)).body) == json.loads(body)
        for path in ("speech.config", "telemetry", "audio"):
            assert kept.of_client(Message(path, headers, body)) == Message(path)

    def test_a_secret_that_is_in_it_all_the_same_is_not_written(self) -> None:
        said = exchange(recorded("odd", {"text": "my resource-Name"}))
        with pytest.raises(kept.SecretFound):
            kept.checked(said, {"RESOURCE-name"})
        assert kept.checked(said, {"other-name", "my"}) == said.to_json()


class TestRecorder:
    def _context(self, request_id: str) -> Message:
        return Message("speech.context", {"X-RequestId": request_id}, b"{}")

    def _audio(self, seconds: float, request_id: str) -> Message:
        return Message("audio", {"X-RequestId": request_id}, bytes(round(seconds * 16000) * 2))

    def test_messages_have_the_number_of_their_turn_and_how_much_was_heard(self) -> None:
        secrets: set[str] = set()
        recorder = ConnectionRecorder(secrets)
        for request_id in ("r1", "r2"):
            recorder.client_sent(self._context(request_id))
            recorder.client_sent(self._audio(0.25, request_id))
            recorder.service_sent(Message("turn.start", {"X-RequestId": request_id}, b"{}"), binary=False)
        said = recorder.recorded.said()
        assert [(one.turn, one.position_seconds) for one in said] == [(1, 0.25), (2, 0.25)]
        assert secrets == {"r1", "r2"}

    def test_audio_without_anything_between_is_one_message(self) -> None:
        recorder = ConnectionRecorder(set())
        recorder.client_sent(self._context("r1"))
        for seconds in (0.25, 0.25, 0.0):
            recorder.client_sent(self._audio(seconds, "r1"))
        _, audio, end = recorder.recorded.messages
        assert (audio.count, audio.position_seconds, audio.message.body) == (2, 0.5, b"")
        assert end.count == 1

    def test_the_end_of_a_connection_is_kept_without_secrets(self) -> None:
        recorder = ConnectionRecorder(set())
        recorder.service_closed(1007, f"no voice; session {_ID}")
        assert recorder.recorded.close_reason == "no voice; session removed"

    def test_a_malformed_message_is_kept_as_malformed_alone(self) -> None:
        recorder = ConnectionRecorder(set())
        recorder.service_sent_other(binary=True)
        (odd,) = recorder.recorded.messages
        assert (odd.message, odd.binary) == (Message("unreadable"), True)


class TestCommand:
    @pytest.fixture(autouse=True)
    def _no_credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("KEY", "REGION", "ENDPOINT", "HOST"):
            monkeypatch.delenv(f"AZURE_SPEECH_{name}", raising=False)

    def test_a_run_without_a_key_says_what_to_set_and_is_no_error(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        assert live.main(["--out", str(tmp_path / "out")]) == 0
        out = capsys.readouterr().out
        assert all(
            name in out for name in ("AZURE_SPEECH_KEY", "AZURE_SPEECH_REGION", "AZURE_SPEECH_ENDPOINT")
        )
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("environment", "arguments", "complaint"),
        [
            ({}, [], "AZURE_SPEECH_REGION"),
            ({"AZURE_SPEECH_REGION": "westeurope"}, ["nowhere.wav"], "nowhere.wav"),
            ({"AZURE_SPEECH_REGION": "westeurope"}, [__file__], "test_live.py"),
        ],
    )
    def test_a_mistake_is_2_and_one_line(
        self,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        environment: dict[str, str],
        arguments: list[str],
        complaint: str,
    ) -> None:
        for name, value in {"AZURE_SPEECH_KEY": "any", **environment}.items():
            monkeypatch.setenv(name, value)
        assert live.main(arguments) == 2
        err = capsys.readouterr().err
        assert (err.count("\n"), complaint in err) == (1, True)
