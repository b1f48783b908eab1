"""A voice played faster at its own pitch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fakes.tts import tone

from livekit_plugins_azure_interpreter._speaking.time_stretch import TimeStretcher

SECONDS = 4.0
HERTZ = 440.0
Speed = Callable[[float], float]


def played(rate: int, speed: Speed, *, frame_seconds: float = 0.02) -> bytes:
    """A tone, pushed frame by frame at the speed of its place in it."""
    tempo, pcm, size = TimeStretcher(rate), tone(HERTZ, SECONDS, rate), round(frame_seconds * rate) * 2
    places = range(0, len(pcm), size)
    return b"".join(tempo.push(pcm[at : at + size], speed(at / 2 / rate)) for at in places) + tempo.flush()


def pitch(pcm: bytes, rate: int) -> float:
    samples = np.frombuffer(pcm, np.int16)
    size = 1 << len(samples).bit_length()  # the quickest to transform
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), n=size))
    return float(np.argmax(spectrum) * rate / size)


@pytest.mark.parametrize("rate", [16000, 24000, 48000])
@pytest.mark.parametrize("speed", [1.05, 1.25])
def test_a_stretched_tone_is_shorter_by_the_tempo_and_keeps_its_pitch(rate: int, speed: float) -> None:
    pcm = played(rate, lambda _: speed)
    assert len(pcm) / 2 / rate == pytest.approx(SECONDS / speed, rel=0.01)
    assert pitch(pcm, rate) == pytest.approx(HERTZ, rel=0.01)


def test_the_samples_are_unchanged_at_the_normal_tempo() -> None:
    assert played(16000, lambda _: 1.0) == tone(HERTZ, SECONDS)


def test_the_tempo_can_change_on_the_way() -> None:
    pcm = played(16000, lambda at: 1.25 if 1.0 <= at < 3.0 else 1.0)
    assert len(pcm) / 32000 == pytest.approx(1.0 + 2.0 / 1.25 + 1.0, rel=0.02)
    assert pcm.startswith(tone(HERTZ, 1.0))
    assert pitch(pcm, 16000) == pytest.approx(HERTZ, rel=0.01)


def test_the_stretch_holds_back_less_than_a_tenth_of_a_second() -> None:
    assert TimeStretcher(16000).push(tone(HERTZ, 0.1), 1.25)


def test_frames_may_be_of_any_length() -> None:
    speed: Speed = lambda _: 1.25  # noqa: E731
    short, long = played(16000, speed, frame_seconds=0.001), played(16000, speed, frame_seconds=1.0)
    assert len(short) == pytest.approx(len(long), abs=320)


def test_nothing_is_left_of_nothing() -> None:
    assert TimeStretcher(16000).flush() == b""
