"""Options that no service could have are refused."""

from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import Behaviour, Exchange, Line, RecordedConnection


@pytest.mark.parametrize(
    "other",
    [Line("b"), Line("b", start_seconds=2), Line("b", end_seconds=3)],
    ids=["neither", "no end", "no start"],
)
def test_a_script_with_positions_for_some_lines_only_is_refused(other: Line) -> None:
    with pytest.raises(ValueError, match="every line"):
        Behaviour(script=[Line("a", start_seconds=0, end_seconds=1), other])


@pytest.mark.parametrize("position", [{"start_seconds": 0}, {"end_seconds": 1}])
def test_half_a_position_is_refused(position: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="every line"):
        Behaviour(script=[Line("a", **position)])


@pytest.mark.parametrize("chunk_bytes", [-2, 0, 1, 3201])
def test_chunks_that_would_split_a_sample_are_refused(chunk_bytes: int) -> None:
    with pytest.raises(ValueError, match="chunk_bytes"):
        Behaviour(chunk_bytes=chunk_bytes)


@pytest.mark.parametrize("voice_speed", [0, -1.0])
def test_a_voice_speed_that_would_never_end_is_refused(voice_speed: float) -> None:
    with pytest.raises(ValueError, match="voice_speed"):
        Behaviour(voice_speed=voice_speed)


@pytest.mark.parametrize("name", ["longest_seconds", "connection_seconds", "token_seconds"])
def test_a_time_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Behaviour(**{name: 0.0})


def test_a_silence_that_never_ends_a_turn_is_none() -> None:
    assert Behaviour(silent_turn_seconds=None).silent_turn_seconds is None


def test_options_that_cannot_change_a_recording_are_refused_beside_one() -> None:
    recording = Exchange(connections=[RecordedConnection()])
    with pytest.raises(ValueError, match="chunk_bytes, silence_ms cannot change that"):
        Behaviour(replay=recording, silence_ms=100, chunk_bytes=2)
    assert Behaviour(replay=recording, key="a-key").replay is recording
