"""The sample rate of audio, changed as it comes."""

from __future__ import annotations

import numpy as np
import pytest

from livekit_plugins_azure_interpreter._sound.resampler import Resampler

RATES = [(8000, 16000), (24000, 16000), (44100, 16000), (48000, 16000), (16000, 24000), (16000, 48000)]


def tone(sample_rate: int, hz: int, seconds: float = 0.5) -> list[bytes]:
    """A tone in pieces of 10 ms."""
    times = np.arange(round(sample_rate * seconds)) / sample_rate
    samples = (8000 * np.sin(2 * np.pi * hz * times)).astype(np.int16)
    return [
        samples[at : at + sample_rate // 100].tobytes() for at in range(0, len(samples), sample_rate // 100)
    ]


def loudness(pcm: bytes) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(pcm, np.int16).astype(np.float64) ** 2)))


@pytest.mark.parametrize(("input_rate", "output_rate"), RATES)
def test_no_piece_is_held_back_for_longer_than_2_ms(input_rate: int, output_rate: int) -> None:
    resampler = Resampler(input_rate, output_rate)
    given = 0
    for number, piece in enumerate(tone(input_rate, 440), 1):
        given += len(resampler.push(piece)) // 2
        assert 0 <= number * 0.01 - given / output_rate <= 0.0021


@pytest.mark.parametrize(("input_rate", "output_rate"), RATES)
def test_audio_that_was_flushed_is_as_long_as_it_was(input_rate: int, output_rate: int) -> None:
    resampler = Resampler(input_rate, output_rate)
    for _ in range(2):  # it goes on after a flush
        pcm = b"".join(map(resampler.push, tone(input_rate, 440))) + resampler.flush()
        assert len(pcm) // 2 == pytest.approx(output_rate // 2, abs=1)


@pytest.mark.parametrize("hz", [100, 1000, 3400, 6000])
def test_speech_keeps_its_loudness(hz: int) -> None:
    resampler = Resampler(48000, 16000)
    pcm = b"".join(map(resampler.push, tone(48000, hz)))
    assert loudness(pcm) == pytest.approx(8000 / 2**0.5, rel=0.02)


@pytest.mark.parametrize("hz", [9500, 12000, 20000])
def test_sound_above_the_new_rate_is_not_heard(hz: int) -> None:
    resampler = Resampler(48000, 16000)
    pcm = b"".join(map(resampler.push, tone(48000, hz)))
    assert loudness(pcm[1600:]) < 8000 / 1000


def test_no_samples_are_no_sound() -> None:
    assert Resampler(48000, 16000).push(b"") == b""
