from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Voice
from livekit_plugins_azure_interpreter.emulator.recognition.turn_audio import TurnAudio
from livekit_plugins_azure_interpreter.emulator.transport.wire import WireError


def _recording(audio: Any, seconds: float = 2.0, start: float = 10.0) -> TurnAudio:
    recording = TurnAudio(start)
    recording.append(audio.noise(seconds))
    return recording


class TestPosition:
    def test_a_position_begins_where_it_was_set(self) -> None:
        assert TurnAudio(10.0).now == 10.0

    def test_the_position_moves_with_the_audio(self, audio: Any) -> None:
        assert _recording(audio).now == 12.0

    def test_the_position_stays_when_audio_is_forgotten(self, audio: Any) -> None:
        recording = _recording(audio)
        recording.forget(11.0)
        assert recording.now == 12.0

    def test_the_position_moves_at_the_rate_of_the_header(self, audio: Any) -> None:
        recording = TurnAudio(0.0)
        recording.append(audio.riff(8000) + bytes(16_000))
        assert (recording.now, recording.sample_rate) == (1.0, 8000)


class TestAppend:
    def test_appending_gives_the_samples_behind_a_header(self, audio: Any) -> None:
        assert TurnAudio(0.0).append(audio.riff() + b"\1\2") == b"\1\2"

    def test_a_header_that_is_cut_off_is_a_wire_error(self) -> None:
        with pytest.raises(WireError, match="cut off"):
            TurnAudio(0.0).append(b"RIFF")

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            pytest.param(20, 7, "Unsupported audio format", id="mu-law"),
            pytest.param(34, 8, "Unsupported audio format", id="8 bit"),
            pytest.param(24, 0, "Unsupported audio format", id="no rate"),
            pytest.param(24, 49, "Unsupported audio format", id="49 Hz"),
            pytest.param(22, 2, "Invalid audio channel configuration", id="stereo"),
        ],
    )
    def test_another_format_is_refused_with_the_services_words(
        self, audio: Any, field: int, value: int, reason: str
    ) -> None:
        header = bytearray(audio.riff())
        header[field : field + 2] = value.to_bytes(2, "little")
        with pytest.raises(WireError, match=reason):
            TurnAudio(0.0).append(bytes(header))


class TestSamples:
    def test_they_are_those_between_two_positions(self, audio: Any) -> None:
        assert _recording(audio).samples(10.5, 11.0) == Voice(audio.noise(2.0)[16_000:32_000])

    def test_they_are_the_same_when_earlier_ones_are_forgotten(self, audio: Any) -> None:
        recording = _recording(audio)
        recording.forget(10.3)
        assert recording.samples(10.5, 11.0) == Voice(audio.noise(2.0)[16_000:32_000])

    @pytest.mark.parametrize(("start", "end"), [(9.0, 10.0), (12.0, 13.0), (9.0, 9.5)])
    def test_a_stretch_without_audio_has_no_samples(self, audio: Any, start: float, end: float) -> None:
        assert _recording(audio).samples(start, end).pcm == b""

    def test_forgetting_what_is_to_come_forgets_all_there_is(self, audio: Any) -> None:
        recording = _recording(audio)
        recording.forget(99.0)
        assert (recording.now, recording.samples(10.0, 12.0).pcm) == (12.0, b"")
