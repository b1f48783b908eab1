"""Recordings of connections, and of an emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, Line, Voice, load_exchange
from livekit_plugins_azure_interpreter.emulator.recording import recorder as module
from livekit_plugins_azure_interpreter.emulator.recording.recorder import ConnectionRecorder, Recorder
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message
from livekit_plugins_azure_interpreter.emulator.watching.happenings import (
    Answered,
    Connected,
    Disconnected,
    Received,
    Sent,
)

_ID = "0123456789abcdef0123456789ABCDEF"


class TestConnectionRecorder:
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


_LINE = Line("Good morning.", translations={"fr": "Bonjour."}, voices={"fr": Voice(b"\1\2" * 4000)})


class TestRecorder:
    @pytest.mark.native
    async def test_a_recorded_session_is_replayed_to_another_client(
        self, start: Any, connect: Any, audio: Any, tmp_path: Path, eventually: Any
    ) -> None:
        path = tmp_path / "recording.json"
        emulator = await start(Behaviour(script=[_LINE]), watchers=[Recorder(path)])
        first = await connect(emulator.endpoint)
        said = await first.whole_turn(audio.utterance())
        await first.socket.close()
        await eventually(lambda: path.stat().st_size > 0)
        replaying = await start(Behaviour(replay=load_exchange(path)))
        again = await connect(replaying.endpoint)
        repeated = await again.whole_turn(audio.utterance())
        assert [frame.path for frame in repeated] == [frame.path for frame in said]
        assert again.voice == first.voice != b""

    @pytest.mark.native
    async def test_the_end_of_a_connection_is_recorded_if_the_service_ended_it(
        self, start: Any, connect: Any, audio: Any, tmp_path: Path, eventually: Any
    ) -> None:
        path = tmp_path / "recording.json"
        fault = Drop(at_seconds=1.0, code=1011, reason="over", times=1)
        emulator = await start(Behaviour(faults=[fault]), watchers=[Recorder(path)])
        for _ in range(2):
            client = await connect(emulator.endpoint)
            await client.open_turn()
            await client.say(audio.utterance())
            await client.socket.close()
        await eventually(lambda: path.stat().st_size > 0 and len(load_exchange(path).connections) == 2)
        dropped, left = load_exchange(path).connections
        assert (dropped.close_code, dropped.close_reason, left.close_code) == (1011, "over", None)

    def test_a_refused_client_is_recorded(self, tmp_path: Path) -> None:
        recorder = Recorder(tmp_path / "recording.json")
        recorder(Answered(method="GET", path="/speech/universal/v2", status=503))
        (refused,) = load_exchange(tmp_path / "recording.json").connections
        assert refused.status == 503

    def test_texts_to_speak_are_not_recorded(self, tmp_path: Path) -> None:
        recorder = Recorder(tmp_path / "recording.json")
        recorder(Connected(connection=1, path="/tts/cognitiveservices/websocket/v1"))
        recorder(Sent(connection=1, message=Message("audio"), binary=True))
        recorder(Received(connection=1, message=Message("ssml")))
        recorder(Disconnected(connection=1, code=1000, by_client=True))
        assert (tmp_path / "recording.json").read_text() == ""

    def test_a_message_that_the_service_refuses_is_no_error(self, tmp_path: Path) -> None:
        recorder = Recorder(tmp_path / "recording.json")
        recorder(Connected(connection=1, path="/speech/universal/v2"))
        recorder(Received(connection=1, message=Message("speech.context", {}, b"no JSON")))
        recorder(Disconnected(connection=1, code=1007, reason="no JSON"))
        (refused,) = load_exchange(tmp_path / "recording.json").connections
        assert refused.close_code == 1007

    def test_a_recording_grows_no_more_at_its_limit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_BYTES", 10)
        recorder = Recorder(tmp_path / "recording.json")
        recorder(Connected(connection=1, path="/speech/universal/v2"))
        for _ in range(3):
            recorder(Sent(connection=1, message=Message("audio", {}, bytes(8)), binary=True))
        recorder(Disconnected(connection=1, code=1000, by_client=True))
        (kept,) = load_exchange(tmp_path / "recording.json").connections
        assert len(kept.messages) == 2

    def test_a_place_that_cannot_be_written_is_refused_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="No such file"):
            Recorder(tmp_path / "nowhere" / "recording.json")

    def test_a_recording_that_can_no_more_be_written_is_told_and_clients_go_on(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = tmp_path / "folder"
        folder.mkdir()
        recorder = Recorder(folder / "recording.json")
        (folder / "recording.json").unlink()
        folder.rmdir()
        recorder(Answered(method="GET", path="/speech/universal/v2", status=503))
        (record,) = caplog.records
        assert record.getMessage().startswith("the recording could not be written: ")
