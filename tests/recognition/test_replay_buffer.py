from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter._recognition.replay_buffer import ReplayBuffer

RATE_HZ = 1000


def pcm(seconds: float, value: int = 1) -> bytes:
    return value.to_bytes(2, "little") * round(seconds * RATE_HZ)


def kept(retained: ReplayBuffer) -> bytes:
    return b"".join(piece.pcm for piece in retained.pieces())


def test_all_that_no_final_covers_is_kept_in_order() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    retained.add(pcm(1, 1))
    retained.add(pcm(2, 2))
    assert kept(retained) == pcm(1, 1) + pcm(2, 2)
    assert (retained.start_seconds, retained.end_seconds) == (0, 3)


def test_audio_under_a_final_is_freed_to_the_sample() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    retained.add(pcm(1, 1))
    retained.add(pcm(2, 2))
    retained.cover(1.5)
    assert kept(retained) == pcm(1.5, 2)
    assert retained.start_seconds == pytest.approx(1.5)
    assert retained.take_forgotten_seconds() == 0


def test_an_earlier_final_changes_nothing() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    retained.add(pcm(2))
    retained.cover(1)
    retained.cover(0.5)
    assert retained.start_seconds == 1


def test_a_final_beyond_the_end_leaves_nothing_and_positions_go_on() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    retained.add(pcm(1))
    retained.cover(5)
    retained.add(pcm(1, 7))
    assert kept(retained) == pcm(1, 7)
    assert (retained.start_seconds, retained.end_seconds) == (1, 2)


@pytest.mark.parametrize(("value", "forgotten_seconds"), [(1000, 0.5), (1, 0.0)], ids=["speech", "silence"])
def test_the_oldest_audio_leaves_beyond_the_bound_and_speech_is_counted(
    value: int, forgotten_seconds: float
) -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=2)
    retained.add(pcm(2, value))
    retained.add(pcm(0.5, 2))
    assert kept(retained) == pcm(1.5, value) + pcm(0.5, 2)
    assert retained.take_forgotten_seconds() == pytest.approx(forgotten_seconds)


def test_audio_that_left_before_its_final_is_still_counted() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=2)
    retained.add(pcm(2, 1000))
    retained.add(pcm(0.5, 1000))
    retained.cover(1.0)
    assert retained.take_forgotten_seconds() == 0


def test_speech_is_counted_to_a_tenth_of_a_second() -> None:
    """What is told as lost is what was said, and not the audio around it."""
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    for value in (1, 1, 1, 1000, 1000, 1, 1, 1, 1, 1):
        for _ in range(5):
            retained.add(pcm(0.02, value))
    assert retained.speech_seconds == pytest.approx(0.2)
    assert retained.quiet_seconds == pytest.approx(0.5)


def test_speech_in_one_message_of_many_tenths_is_that_message() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    retained.add(pcm(0.3) + pcm(0.05, 1000) + pcm(0.05))
    retained.add(pcm(0.4))
    assert [piece.power > 0 for piece in retained.pieces()] == [True, False]


def test_each_piece_has_its_position() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    for seconds in (1, 2, 0.3):
        retained.add(pcm(seconds))
    retained.cover(1.5)
    retained.add(pcm(1))
    assert [piece.position for piece in retained.pieces()] == [1.5, 3.0, 3.3]


LOUD = 1000


def test_the_quiet_at_its_end_is_that_since_the_last_sound() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    for seconds, value in ((1, 1), (0.5, LOUD), (0.2, 1), (0.3, 1)):
        retained.add(pcm(seconds, value))
    assert retained.quiet_seconds == pytest.approx(0.5)
    retained.add(pcm(0.1, LOUD))
    assert retained.quiet_seconds == 0


def test_a_buffer_without_sound_was_always_quiet() -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=10)
    retained.add(pcm(1))
    assert retained.quiet_seconds == float("inf")


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3000))))
def test_the_kept_audio_is_the_end_of_what_was_added(steps: list[tuple[bool, int]]) -> None:
    retained = ReplayBuffer(RATE_HZ, max_seconds=2)
    added = b""
    for is_cover, number in steps:
        if is_cover:
            retained.cover(number / RATE_HZ)
        else:
            piece = number.to_bytes(2, "little") * number
            added += piece
            retained.add(piece)
        assert kept(retained) == added[round(retained.start_seconds * RATE_HZ) * 2 :]
        assert len(kept(retained)) <= 2 * RATE_HZ * 2
