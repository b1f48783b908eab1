"""Where in a stream's audio it was flushed."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._recognition.flush_marks import FlushMarks
from livekit_plugins_azure_interpreter._recognition.replay_buffer import ReplayBuffer

_RATE_HZ = 8000


@pytest.fixture
def retained() -> ReplayBuffer:
    return ReplayBuffer(_RATE_HZ, max_seconds=10.0)


@pytest.fixture
def marks(retained: ReplayBuffer) -> FlushMarks:
    return FlushMarks(retained)


def push(retained: ReplayBuffer, seconds: float) -> None:
    retained.add(bytes(round(seconds * _RATE_HZ) * 2))


def test_a_mark_is_at_the_end_of_the_audio(retained: ReplayBuffer, marks: FlushMarks) -> None:
    push(retained, 1.0)
    marks.add()
    push(retained, 0.5)
    marks.add()
    assert marks.of_retained() == [1.0, 1.5]


def test_flushes_without_audio_between_them_have_one_mark(retained: ReplayBuffer, marks: FlushMarks) -> None:
    push(retained, 1.0)
    marks.add()
    marks.add()
    assert marks.of_retained() == [1.0]


def test_a_flush_before_any_audio_has_no_mark(marks: FlushMarks) -> None:
    marks.add()
    assert marks.of_retained() == []


@pytest.mark.parametrize(
    ("until_seconds", "found"), [(0.9, [1.0, 2.0]), (1.0, [2.0]), (1.5, [2.0]), (2.0, [])]
)
def test_a_mark_leaves_with_the_audio_before_it(
    retained: ReplayBuffer, marks: FlushMarks, until_seconds: float, found: list[float]
) -> None:
    for _ in range(2):
        push(retained, 1.0)
        marks.add()
    retained.cover(until_seconds)
    assert marks.of_retained() == found


def test_marks_are_as_many_as_the_retained_audio_has(retained: ReplayBuffer, marks: FlushMarks) -> None:
    for _ in range(1000):
        push(retained, 0.1)
        marks.add()
        retained.cover(retained.end_seconds - 0.5)
    assert len(marks.of_retained()) == len(marks._marks) == 5
