from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import (
    Exchange,
    RecordedConnection,
    RecordedMessage,
    load_exchange,
)
from livekit_plugins_azure_interpreter.emulator.recording.exchange import FORMAT
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message

_AUDIO = RecordedMessage(
    sender="client", at_seconds=0.5, message=Message("audio"), turn=1, position_seconds=0.4, count=20
)
_RESULT = RecordedMessage(
    sender="service",
    at_seconds=0.75,
    message=Message("translation.response", {"X-StreamId": "1"}, '{"Text": "déjà vu"}'.encode()),
    turn=1,
    position_seconds=0.4,
)
_VOICE = RecordedMessage(
    sender="service", at_seconds=0.8, message=Message("audio", {}, b"RIFF\x00\xff"), turn=1, binary=True
)
_EMPTY = RecordedMessage(sender="service", at_seconds=0.9, message=Message("audio"), turn=1, binary=True)
_EXCHANGE = Exchange(
    connections=(
        RecordedConnection(status=503),
        RecordedConnection(
            messages=(_AUDIO, _RESULT, _VOICE, _EMPTY), close_code=1011, close_reason="why", close_seconds=1.5
        ),
        RecordedConnection(messages=(_RESULT,)),
    ),
    about={"target": "fr"},
)


class TestFile:
    def test_a_written_exchange_is_read_back(self, tmp_path: Path) -> None:
        path = tmp_path / "exchange.json"
        path.write_text(_EXCHANGE.to_json(), encoding="utf-8")
        assert load_exchange(path) == _EXCHANGE

    def test_a_message_is_a_line(self) -> None:
        (line,) = (line for line in _EXCHANGE.to_json().splitlines() if "1, 2" in line or '"count"' in line)
        message = {"at": 0.5, "from": "client", "path": "audio", "turn": 1, "position": 0.4, "count": 20}
        assert json.loads(line.rstrip(",")) == message


class TestConnection:
    def test_its_messages_are_found_all_or_by_kind(self) -> None:
        connection = _EXCHANGE.connections[1]
        assert connection.said() == [_RESULT, _VOICE, _EMPTY]
        assert connection.said("translation.response") == [_RESULT]

    def test_its_turns_are_counted(self) -> None:
        assert [connection.turns for connection in _EXCHANGE.connections] == [0, 1, 1]


_GOOD: dict[str, Any] = {"at": 0, "from": "service", "path": "turn.start", "turn": 1, "position": 0}


def _with(message: Any) -> dict[str, Any]:
    return {"format": FORMAT, "connections": [{"messages": [message]}]}


class TestMistakes:
    @pytest.mark.parametrize(
        ("document", "complaint"),
        [
            ([], "not a recorded exchange"),
            ({"lines": []}, "not a recorded exchange"),
            ({"format": FORMAT, "connections": []}, "without a connection"),
            ({"format": FORMAT}, "'connections'"),
            ({"format": FORMAT, "connections": [{}]}, "'messages'"),
            ({"format": FORMAT, "connections": [{"messages": [], "close": {"at": 1}}]}, "'code'"),
            (_with({}), "'from'"),
            (_with({**_GOOD, "from": "nobody"}), "from client or service"),
            (_with({**_GOOD, "at": "soon"}), "soon"),
            (_with({**_GOOD, "base64": "?"}), "base64"),
            (_with({**_GOOD, "headers": []}), "items"),
        ],
    )
    def test_a_file_that_is_none_is_refused_by_its_name_and_place(
        self, tmp_path: Path, document: Any, complaint: str
    ) -> None:
        path = tmp_path / "other.json"
        path.write_text(json.dumps(document))
        with pytest.raises(ValueError, match=complaint) as raised:
            load_exchange(path)
        assert str(path) in str(raised.value)

    def test_a_file_that_is_no_json_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "other.json"
        path.write_text("{")
        with pytest.raises(ValueError, match="not JSON"):
            load_exchange(path)
