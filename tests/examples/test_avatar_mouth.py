from __future__ import annotations

import numpy as np
import pytest
from mouth import CLOSING_SECONDS, Mouth

FRAME_SECONDS = 0.04


def tone(dbfs: float) -> bytes:
    """A frame of a square wave, whose loudness is its height."""
    height = round(32767 * 10 ** (dbfs / 20))
    return np.tile(np.array([height, -height], np.int16), 320).tobytes()


@pytest.fixture
def mouth() -> Mouth:
    return Mouth()


@pytest.mark.parametrize(("dbfs", "openness"), [(-60, 0), (-50, 0), (-32.5, 0.5), (-15, 1), (0, 1)], ids=str)
def test_the_mouth_opens_at_once_as_far_as_the_voice_is_loud(
    mouth: Mouth, dbfs: float, openness: float
) -> None:
    assert mouth.speak(tone(dbfs), FRAME_SECONDS) == pytest.approx(openness, abs=0.02)


@pytest.mark.parametrize("silence", [b"", bytes(1280)], ids=["nothing", "zeros"])
def test_the_mouth_closes_gradually_in_silence(mouth: Mouth, silence: bytes) -> None:
    mouth.speak(tone(0), FRAME_SECONDS)
    frames = round(CLOSING_SECONDS / FRAME_SECONDS)
    closing = [mouth.speak(silence, FRAME_SECONDS) for _ in range(frames)]
    assert closing == sorted(closing, reverse=True)
    assert (closing[0] > 0.5, closing[-1]) == (True, pytest.approx(0, abs=1e-9))
