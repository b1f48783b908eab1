"""The tests of the room can fail: what was cut, stretched, swapped, repeated or distorted is told."""

from __future__ import annotations

import numpy as np
import pytest

from .comparing import find_voice, find_windows, loud_seconds
from .speech import RATE_HZ, recorded, silence

_VOICE = recorded("french_1.wav")
_SECOND = RATE_HZ * 2


def _resampled(pcm: bytes, factor: float) -> bytes:
    samples = np.frombuffer(pcm, "<i2")
    at = np.arange(0, len(samples) - 1, 1 / factor)
    return np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes()


def _noisy(pcm: bytes, rms: float) -> bytes:
    samples = np.frombuffer(pcm, "<i2")
    noise = np.random.default_rng(1).normal(0, rms, len(samples))
    return (samples + noise).clip(-32768, 32767).astype("<i2").tobytes()


class TestFindVoice:
    def test_a_voice_amid_silence_is_found_where_it_is_and_as_it_is(self) -> None:
        found = find_voice(silence(1.5) + _VOICE + silence(0.7), _VOICE, RATE_HZ)
        assert found.start_seconds == pytest.approx(1.5)
        assert found.whole
        assert (found.duration, found.correlation) == (pytest.approx(1.0), pytest.approx(1.0, abs=1e-3))

    def test_loudness_is_no_matter(self) -> None:
        quiet = (np.frombuffer(_VOICE, "<i2") // 4).astype("<i2").tobytes()
        assert find_voice(silence(1) + quiet, _VOICE, RATE_HZ).correlation > 0.99

    def test_a_few_milliseconds_more_or_less_amid_it_are_told_from_a_distortion(self) -> None:
        found = find_voice(_VOICE[:_SECOND] + silence(0.02) + _VOICE[_SECOND:], _VOICE, RATE_HZ)
        assert found.whole
        assert found.duration == pytest.approx(1 + 0.02 / (len(_VOICE) / _SECOND), abs=1e-3)

    @pytest.mark.parametrize("factor", [0.97, 1.03])
    def test_a_voice_that_is_stretched_is_not_whole(self, factor: float) -> None:
        assert not find_voice(silence(1) + _resampled(_VOICE, factor) + silence(1), _VOICE, RATE_HZ).whole

    @pytest.mark.parametrize(
        "heard", ["its beginning", "its end", "a gap amid it", "another voice", "nothing"]
    )
    def test_a_missing_voice_is_reported(self, heard: str) -> None:
        sound = {
            "its beginning": _VOICE[:-_SECOND],
            "its end": _VOICE[_SECOND:],
            "a gap amid it": _VOICE[:_SECOND] + silence(0.6) + _VOICE[_SECOND + len(silence(0.6)) :],
            "another voice": recorded("french_2.wav"),
            "nothing": silence(4),
        }[heard]
        assert not find_voice(silence(1) + sound + silence(1), _VOICE, RATE_HZ).whole

    def test_noise_makes_it_less_alike(self) -> None:
        rms = float(np.sqrt((np.frombuffer(_VOICE, "<i2").astype(float) ** 2).mean()))
        assert find_voice(_noisy(_VOICE, rms / 10), _VOICE, RATE_HZ).whole
        assert not find_voice(_noisy(_VOICE, rms), _VOICE, RATE_HZ).whole


class TestFindWindows:
    def test_a_voice_that_was_cut_is_told_by_its_parts(self) -> None:
        parts = [silence(1) + _VOICE[:_SECOND], _VOICE[len(silence(0.6)) :] + silence(1)]
        first, second = [find_windows(part, _VOICE, RATE_HZ) for part in parts]
        assert all(one or other for one, other in zip(first, second, strict=True))
        assert sum(one and other for one, other in zip(first, second, strict=True)) == 2

    def test_a_missing_window_is_reported(self) -> None:
        assert not all(find_windows(_VOICE[:_SECOND], _VOICE, RATE_HZ))
        assert not any(find_windows(silence(3), _VOICE, RATE_HZ))


class TestLoudSeconds:
    def test_loud_seconds_are_the_seconds_that_are_no_silence(self) -> None:
        loud = loud_seconds(_VOICE, RATE_HZ)
        assert 0.5 * len(_VOICE) / _SECOND < loud <= len(_VOICE) / _SECOND
        assert loud_seconds(silence(1) + _VOICE + silence(1) + _VOICE, RATE_HZ) == pytest.approx(
            2 * loud, abs=0.05
        )
