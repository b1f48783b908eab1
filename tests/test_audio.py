"""Audio of any rate and number of channels, made into mono at one rate."""

from __future__ import annotations

import numpy as np
import pytest
from livekit import rtc

from livekit_plugins_azure_interpreter._audio import MonoResampler, is_loud

TARGET = 16000
RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000]


def tone(sample_rate: int, seconds: float, *, channels: int = 1) -> list[rtc.AudioFrame]:
    """A 440 Hz tone in frames of 10 ms; in stereo, the same on both sides."""
    times = np.arange(round(sample_rate * seconds)) / sample_rate
    samples = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
    length = sample_rate // 100
    parts = [samples[at : at + length] for at in range(0, len(samples), length)]
    return [
        rtc.AudioFrame(np.repeat(part, channels).tobytes(), sample_rate, channels, len(part))
        for part in parts
    ]


def resampled(resampler: MonoResampler, frames: list[rtc.AudioFrame]) -> np.ndarray:
    pcm = b"".join(resampler.push(frame) for frame in frames) + resampler.flush()
    return np.frombuffer(pcm, dtype=np.int16)


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", RATES)
def test_audio_of_any_kind_keeps_its_duration(sample_rate: int, channels: int) -> None:
    samples = resampled(MonoResampler(TARGET), tone(sample_rate, 1.0, channels=channels))
    assert len(samples) == pytest.approx(TARGET, abs=16)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", RATES)
def test_audio_of_any_kind_keeps_its_loudness(sample_rate: int, channels: int) -> None:
    samples = resampled(MonoResampler(TARGET), tone(sample_rate, 1.0, channels=channels))
    assert loudness(samples) == pytest.approx(8000 / 2**0.5, rel=0.02)


@pytest.mark.parametrize("rate", [8000, 24000, 48000])
def test_any_rate_can_be_asked_for(rate: int) -> None:
    assert len(resampled(MonoResampler(rate), tone(16000, 1.0))) == pytest.approx(rate, abs=rate // 1000)


def test_audio_that_fits_passes_unchanged_and_at_once() -> None:
    frames = tone(TARGET, 0.1)
    resampler = MonoResampler(TARGET)
    assert [resampler.push(frame) for frame in frames] == [bytes(frame.data) for frame in frames]


def test_of_audio_that_fits_nothing_is_left_to_flush() -> None:
    resampler = MonoResampler(TARGET)
    resampler.push(tone(TARGET, 0.01)[0])
    assert resampler.flush() == b""


@pytest.mark.parametrize(
    ("channels", "mono"),
    [(2, [150, -200, 32767, 0]), (4, [-25, 16383])],
)
def test_channels_are_mixed_down_to_their_mean(channels: int, mono: list[int]) -> None:
    interleaved = np.array([100, 200, -100, -300, 32767, 32767, 32767, -32767], dtype=np.int16)
    frame = rtc.AudioFrame(interleaved.tobytes(), TARGET, channels, 8 // channels)
    assert np.frombuffer(MonoResampler(TARGET).push(frame), dtype=np.int16) == pytest.approx(mono, abs=1)


@pytest.mark.parametrize(
    "rates", [(48000, 16000), (16000, 48000), (48000, 8000), (8000, 16000, 44100, 48000)]
)
def test_a_change_of_rate_loses_nothing(rates: tuple[int, ...]) -> None:
    frames = [frame for rate in rates for frame in tone(rate, 0.5)]
    samples = resampled(MonoResampler(TARGET), frames)
    assert len(samples) == pytest.approx(len(rates) * TARGET // 2, abs=16 * len(rates))


def test_a_change_of_rate_keeps_the_order() -> None:
    loud, silent = tone(48000, 0.5), [rtc.AudioFrame(bytes(3200), TARGET, 1, 1600)]
    samples = resampled(MonoResampler(TARGET), loud + silent)
    assert samples[-1600:].any() == np.False_


def test_after_a_flush_audio_may_go_on() -> None:
    resampler = MonoResampler(TARGET)
    lengths = [len(resampled(resampler, tone(48000, 0.5))) for _ in range(2)]
    assert lengths == pytest.approx([TARGET // 2] * 2, abs=16)


@pytest.mark.parametrize("sample_rate", [16000, 48000])
def test_an_empty_frame_is_no_sound(sample_rate: int) -> None:
    assert MonoResampler(TARGET).push(rtc.AudioFrame(b"", sample_rate, 1, 0)) == b""


@pytest.mark.parametrize(
    ("value", "loud"), [(0, False), (100, False), (300, True), (-300, True), (-32768, True)]
)
def test_speech_is_louder_than_the_hiss_of_a_room(value: int, loud: bool) -> None:
    assert is_loud(value.to_bytes(2, "little", signed=True) * 320) is loud


def test_no_audio_is_not_loud() -> None:
    assert not is_loud(b"")
