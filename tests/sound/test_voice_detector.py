"""A voice is told from silence and from other sounds, however loud."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter._sound import voice_detector as module
from livekit_plugins_azure_interpreter._sound.voice_detector import VoiceDetector
from livekit_plugins_azure_interpreter.emulator import Voice

RATE_HZ = 16000
PIECE = RATE_HZ // 10


@cache
def conversation() -> np.ndarray:
    """Somebody speaks English, with pauses."""
    sample = Path(__file__).parents[2] / "examples" / "demo" / "sample" / "english.wav"
    return np.frombuffer(Voice.from_wav(sample).pcm, np.int16)


def pieces(samples: np.ndarray) -> list[bytes]:
    return [samples[at : at + PIECE].astype(np.int16).tobytes() for at in range(0, len(samples), PIECE)]


def louds(samples: np.ndarray) -> list[bool]:
    """Of each piece, whether it has a sound within 20 dB of the loudest."""
    powers = [np.mean(np.frombuffer(one, np.int16).astype(float) ** 2) for one in pieces(samples)]
    return [bool(power > max(powers) / 100) for power in powers]


def hears(detector: VoiceDetector, samples: np.ndarray) -> list[bool]:
    return [detector.is_voice(piece) for piece in pieces(samples)]


@pytest.mark.parametrize("gain", [0.02, 0.2, 1.0])
def test_every_part_of_speech_begins_with_a_voice(gain: float) -> None:
    """A part begins after a pause of half a second; a soft beginning is heard a little later."""
    loud, heard = louds(conversation()), hears(VoiceDetector(), conversation() * gain)
    starts = [at for at in range(5, len(loud)) if loud[at] and not any(loud[at - 5 : at])]
    assert len(starts) >= 3
    assert all(any(heard[at : at + 3]) for at in starts)


def test_speech_over_noise_is_a_voice() -> None:
    noise = np.random.default_rng(1).normal(0, 100, RATE_HZ * 6 + len(conversation()))
    noise[RATE_HZ * 6 :] += conversation()
    heard = hears(VoiceDetector(), noise)
    assert not any(heard[:60])
    assert sum(heard[60:]) > 0.5 * sum(louds(conversation()))


def _noise(seconds: np.ndarray) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 2000, len(seconds))


def _clicks(seconds: np.ndarray) -> np.ndarray:
    return np.where(seconds % 0.25 < 0.005, 9000, 0)


def _tone(seconds: np.ndarray) -> np.ndarray:
    return 8000 * np.sin(2 * np.pi * 440 * seconds)


@pytest.mark.parametrize("sound", [np.zeros_like, _noise, _clicks, _tone])
def test_another_sound_is_no_voice(sound: Callable[[np.ndarray], np.ndarray]) -> None:
    assert not any(hears(VoiceDetector(), sound(np.arange(10 * RATE_HZ) / RATE_HZ)))


def test_a_piece_shorter_than_a_window_of_the_model_is_no_voice() -> None:
    assert not VoiceDetector().is_voice(bytes([0, 64]) * 10)


def test_the_model_is_not_asked_about_a_quiet_room(mocker: MockerFixture) -> None:
    model = mocker.patch.object(module, "VAD")
    hears(VoiceDetector(), np.random.default_rng(3).normal(0, 8, 10 * RATE_HZ))
    model.return_value.predict.assert_not_called()
