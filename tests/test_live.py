"""What `nox -s live` makes of an exchange: each answer, and what is kept."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fakes.exchanges import asked, chunk, exchange, final, interim, recorded, speech_end, voice_end
from fakes.findings import assert_none
from live import __main__ as live
from live.observations import (
    NOT_SEEN,
    OF_A_CONVERSATION,
    OF_SEVERAL_LANGUAGES,
    OF_SPEECH_IN_THE_TARGET_LANGUAGE,
    Seen,
)
from live.unknowns import UNKNOWNS

from livekit_plugins_azure_interpreter.emulator import Exchange, RecordedConnection
from livekit_plugins_azure_interpreter.emulator.recognition.voices import riff_header
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

_ROOT = Path(__file__).parents[1]
_RIFF = riff_header(16000)
_OBSERVE = {**OF_A_CONVERSATION, **OF_SPEECH_IN_THE_TARGET_LANGUAGE, **OF_SEVERAL_LANGUAGES}


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
_ASKED_FOR_TWO = recorded(
    "speech.context", {"synthesis": {"defaultVoices": {"fr": "a-voice", "de": "a-voice"}}}, sender="client"
)


def _began(language: str) -> Any:
    return recorded("audio.start", {"TranslationLanguage": language})


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
    ("several languages", "all", [_ASKED_FOR_TWO, _began("fr"), _began("de")]),
    ("several languages", "one", [_ASKED_FOR_TWO, _began("fr"), _began("fr")]),
    ("several languages", NOT_SEEN, [_ASKED_FOR_TWO]),
    ("several languages", NOT_SEEN, [*asked("fr"), _began("fr")]),
]


class TestAnswers:
    def test_an_answer_is_found(self) -> None:
        found = [_OBSERVE[unknown](Seen(exchange(*messages))).answer for unknown, _, messages in _CASES]
        assert_none(
            f"{unknown}: {one}, not {answer}, in case {number}"
            for number, ((unknown, answer, _), one) in enumerate(zip(_CASES, found, strict=True))
            if one != answer
        )

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

    def test_a_refusal_of_several_voices_is_found(self) -> None:
        refused = RecordedConnection(messages=[_ASKED_FOR_TWO], close_code=1007, close_reason="no")
        assert _OBSERVE["several languages"](Seen(Exchange(connections=[refused]))).answer == "refused"

    def test_each_that_is_in_the_table_can_be_found(self) -> None:
        found = {(unknown, answer) for unknown, answer, _ in _CASES if answer != NOT_SEEN}
        found |= {("speech end", "per phrase"), ("speech end", "never")}
        found |= {("approval", "refused"), ("approval", "closed"), ("several languages", "refused")}
        assert found == {(name, answer) for name, unknown in UNKNOWNS.items() for answer in unknown.answers}

    def test_an_unreadable_message_tells_nothing(self) -> None:
        odd = [replace(final(1), message=Message("translation.response", {}, body)) for body in (b"[]", b"?")]
        assert _OBSERVE["keys"](Seen(exchange(*odd))).answer == NOT_SEEN


_TESTS = {
    test for unknown in UNKNOWNS.values() for answer in unknown.answers.values() for test in answer.tests
}


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


class TestTable:
    def test_the_test_of_an_answer_is_there(self) -> None:
        assert_none(test for test in sorted(_TESTS) if not self._is_there(test))

    def _is_there(self, test: str) -> bool:
        path, *names = re.sub(r"\[.*", "", test).split("::")
        if not (_ROOT / path).is_file():
            return False
        source = (_ROOT / path).read_text(encoding="utf-8")
        scope = _parsed(source).body
        for name in names:
            found = [one for one in scope if getattr(one, "name", "") == name]
            if not found:
                return False
            scope = getattr(found[0], "body", [])
        parameter = re.search(r"\[(.*)\]", test)
        return parameter is None or parameter[1] in source

    def test_every_answer_has_one(self) -> None:
        answers = [answer for unknown in UNKNOWNS.values() for answer in unknown.answers.values()]
        assert all(answer.tests for answer in answers)


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
