"""Audio of any rate and number of channels, made into mono at one rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from livekit import rtc

from livekit_plugins_azure_interpreter._sound.mono import MonoResampler, mono

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


def test_audio_that_fits_leaves_nothing_to_flush() -> None:
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


def test_audio_may_go_on_after_a_flush() -> None:
    resampler = MonoResampler(TARGET)
    lengths = [len(resampled(resampler, tone(48000, 0.5))) for _ in range(2)]
    assert lengths == pytest.approx([TARGET // 2] * 2, abs=16)


@pytest.mark.parametrize("sample_rate", [16000, 48000])
def test_an_empty_frame_is_no_sound(sample_rate: int) -> None:
    assert MonoResampler(TARGET).push(rtc.AudioFrame(b"", sample_rate, 1, 0)) == b""


class TestChannels:
    def _mono(self, *channels: Sequence[int] | np.ndarray) -> list[int]:
        interleaved = np.array(channels, np.int16).T
        frame = rtc.AudioFrame(interleaved.tobytes(), TARGET, len(channels), len(interleaved))
        return np.frombuffer(mono(frame), np.int16).tolist()

    @pytest.mark.parametrize("count", range(1, 9))
    def test_the_extremes_of_any_number_of_channels_do_not_overflow(self, count: int) -> None:
        extremes = [-32768, 32767, 0]
        assert self._mono(*[extremes] * count) == extremes

    @pytest.mark.parametrize("count", range(1, 9))
    def test_no_samples_in_any_number_of_channels_are_no_sound(self, count: int) -> None:
        assert mono(rtc.AudioFrame(b"", TARGET, count, 0)) == b""

    def test_data_beyond_the_samples_of_a_frame_is_no_sound(self) -> None:
        frame = rtc.AudioFrame(np.arange(9, dtype=np.int16).tobytes(), TARGET, 2, 2)
        assert np.frombuffer(mono(frame), np.int16).tolist() == [0, 2]

    @pytest.mark.parametrize("inverted_by", [-1.0, -0.9, -0.7])
    def test_inverted_stereo_is_heard_as_one_of_its_sides(self, inverted_by: float) -> None:
        left = np.frombuffer(b"".join(bytes(frame.data) for frame in tone(TARGET, 0.02)), np.int16)
        assert self._mono(left, (left * inverted_by).astype(np.int16)) == left.tolist()

    def test_inverted_stereo_with_noise_does_not_change_sides(self) -> None:
        random = np.random.default_rng(1)
        left = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in tone(TARGET, 1.0)])
        right = -left + random.integers(-400, 400, len(left)).astype(np.int16)
        pairs = zip(left.reshape(-1, 160), right.reshape(-1, 160), strict=True)
        assert [sample for pair in pairs for sample in self._mono(*pair)] == left.tolist()

    def test_an_audible_channel_is_taken_if_channels_cancel_each_other(self) -> None:
        voice = [3000, -4000, 5000]
        assert self._mono([0, 0, 0], voice, [-value for value in voice], [0, 0, 0]) == voice

    def test_a_voice_on_one_side_is_mixed_down_as_ever(self) -> None:
        assert self._mono([3000, -4000], [0, 0]) == [1500, -2000]
        assert self._mono([0, 0], [3000, -4000], [0, 0], [0, 0]) == [750, -1000]

    def test_sides_that_differ_in_phase_are_mixed_down_as_ever(self) -> None:
        turned = np.arange(320) * 2 * np.pi * 440 / TARGET
        left, right = 8000 * np.sin(turned), 8000 * np.sin(turned + 2 * np.pi / 3)
        mixed = self._mono(left.astype(np.int16), right.astype(np.int16))
        assert mixed == pytest.approx(((left + right) / 2).tolist(), abs=2)
