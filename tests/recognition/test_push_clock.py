"""When which position of a stream's audio was pushed."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._recognition.push_clock import PushClock

FRAME = 0.02


def take(times: PushClock, start: float, end: float, *, lag: float, behind: float = 0.0) -> None:
    """Take the frames from one position to another, each `lag` seconds after its position."""
    for number in range(round(start / FRAME) + 1, round(end / FRAME) + 1):
        times.taken(number * FRAME, number * FRAME + lag, behind_seconds=behind)


def test_audio_that_is_taken_as_it_comes_was_pushed_then() -> None:
    times = PushClock(100.0)
    take(times, 0.0, 10.0, lag=103.0)
    assert [times.at(position) for position in (0.0, 0.5, 10.0)] == [103.0, 103.5, 113.0]


def test_speech_before_a_pause_was_pushed_before_it() -> None:
    times = PushClock(100.0)
    take(times, 0.0, 1.0, lag=100.0)
    take(times, 1.0, 2.0, lag=160.0)
    assert [times.at(position) for position in (1.0, 1.02, 2.0)] == [101.0, pytest.approx(161.02), 162.0]


def test_audio_that_waited_was_pushed_as_long_before_as_audio_stood_behind_it() -> None:
    times = PushClock(100.0)
    take(times, 0.0, 1.0, lag=100.0)
    for number in range(51, 101):  # a second of audio is taken at once
        times.taken(number * FRAME, 102.0, behind_seconds=2.0 - number * FRAME)
    assert [times.at(position) for position in (1.02, 1.5, 2.0)] == [
        pytest.approx(at) for at in (101.02, 101.5, 102.0)
    ]


def test_a_recording_that_was_pushed_at_once_was_not_pushed_before_the_stream_began() -> None:
    times = PushClock(100.0)
    for number in range(1, 501):
        times.taken(number * FRAME, 100.0, behind_seconds=10.0 - number * FRAME)
    assert [times.at(position) for position in (0.02, 5.0, 10.0)] == [pytest.approx(100.0, abs=0.02)] * 3


def test_no_position_was_pushed_before_one_that_comes_before_it() -> None:
    times = PushClock(100.0)
    for number in range(1, 501):
        times.taken(number * FRAME, 100.0, behind_seconds=10.0 - number * FRAME)
    pushed_at = [times.at(position / 1000) for position in range(0, 10000, 7)]
    assert pushed_at == sorted(pushed_at)


def test_jitter_of_a_few_milliseconds_takes_no_memory() -> None:
    times = PushClock(100.0)
    for number in range(1, 5000):
        times.taken(number * FRAME, number * FRAME + 100.0 + number % 3 * 0.004, behind_seconds=0.0)
    assert len(times._stretches) == 1
    assert times.at(50.0) == pytest.approx(150.0, abs=0.01)


def test_audio_that_drifts_from_the_clock_is_followed() -> None:
    times = PushClock(0.0)
    for number in range(1, 50_000):
        times.taken(number * FRAME, number * FRAME * 1.0001, behind_seconds=0.0)
    assert times.at(900.0) == pytest.approx(900.09, abs=0.011)


def test_memory_is_bounded() -> None:
    times = PushClock(0.0)
    for number in range(1, 5000):
        times.taken(number * FRAME, number, behind_seconds=0.0)
    assert len(times._stretches) == 1000
    assert times.at(4999 * FRAME) == 4999


def test_a_stream_counts_from_its_beginning_before_the_first_frame() -> None:
    assert PushClock(100.0).at(2.0) == 102.0
