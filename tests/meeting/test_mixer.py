"""Several tracks of one speaker as one stream of speech."""

from __future__ import annotations

import numpy as np

from livekit_plugins_azure_interpreter._meeting.mixer import Mixer

RATE = 16000


def samples(value: int, seconds: float) -> bytes:
    return np.full(round(seconds * RATE), value, np.int16).tobytes()


def mixer(*tracks: str) -> Mixer:
    made = Mixer(RATE)
    made.listen_to(tracks)
    return made


def test_a_single_track_passes_unchanged() -> None:
    one = mixer("a")
    assert one.push("a", samples(7, 0.02)) == samples(7, 0.02)


def test_two_tracks_are_added_up() -> None:
    two = mixer("a", "b")
    assert two.push("a", samples(7, 0.02)) == b""
    assert two.push("b", samples(100, 0.02)) == samples(107, 0.02)


def test_a_loud_sum_is_clipped() -> None:
    two = mixer("a", "b")
    two.push("a", samples(30000, 0.02))
    assert two.push("b", samples(30000, 0.02)) == samples(32767, 0.02)


def test_a_track_that_brings_nothing_holds_up_the_others_for_a_moment_only() -> None:
    two = mixer("a", "b")
    heard = b"".join(two.push("a", samples(7, 0.02)) for _ in range(50))
    assert heard == samples(7, 0.9)


def test_late_audio_is_not_lost() -> None:
    two = mixer("a", "b")
    heard = b"".join(two.push("a", samples(7, 0.02)) for _ in range(10))
    heard += two.push("b", samples(100, 0.2)) + two.listen_to(())
    assert np.frombuffer(heard, np.int16).astype(int).sum() == 0.2 * RATE * 107


def test_a_speaker_who_leaves_is_heard_to_the_end() -> None:
    two = mixer("a", "b")
    two.push("a", samples(7, 0.05))
    assert two.listen_to(["b"]) == b""
    assert two.push("b", samples(100, 0.05)) == samples(107, 0.05)


def test_the_rest_is_heard_at_once_when_all_have_left() -> None:
    two = mixer("a", "b")
    two.push("a", samples(7, 0.05))
    assert two.listen_to(()) == samples(7, 0.05)
    assert two.listen_to(["a"]) == b""
