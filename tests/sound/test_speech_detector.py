"""Noise alone is no speech, and speech over it is, however loud or quiet the two are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from livekit_plugins_azure_interpreter._sound.speech_detector import SpeechDetector
from livekit_plugins_azure_interpreter.emulator import Voice

RATE_HZ = 16000
LEARNT_SECONDS = 5.0
FRAME = RATE_HZ // 50
SHORTEST_WORD = 5
"""In frames."""


@cache
def recording() -> np.ndarray:
    """A conversation in English, its pauses included; the voices have a power of 1."""
    sample = Path(__file__).parents[2] / "examples" / "demo" / "sample" / "english.wav"
    samples = np.frombuffer(Voice.from_wav(sample).pcm, np.int16).astype(float)
    samples = samples[: len(samples) // FRAME * FRAME]
    return samples / np.sqrt(np.mean(samples[voiced(samples).repeat(FRAME)] ** 2))


def voiced(samples: np.ndarray) -> np.ndarray:
    """Of each frame, whether it is a part of a word: within 20 dB of the loudest."""
    powers = np.mean(samples.reshape(-1, FRAME) ** 2, axis=1)
    return powers > np.quantile(powers, 0.95) / 100


def words_of(samples: np.ndarray) -> list[slice]:
    """The frames of each word, or of words without a pause between them; shorter sounds are none."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], voiced(samples), [0]))))
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [slice(begin, end) for begin, end in spans if end - begin >= SHORTEST_WORD]


def amplitude(dbfs: float) -> float:
    return 32768 * float(10 ** (dbfs / 20))


def noise(dbfs: float, seconds: float) -> np.ndarray:
    """Pink noise, as rooms and streets have it."""
    size = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(1).normal(size=size))
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / RATE_HZ), 20)
    samples = np.fft.irfft(spectrum / np.sqrt(hertz), size)
    return samples * amplitude(dbfs) / np.sqrt(np.mean(samples**2))


def spoken(samples: np.ndarray, *, frame: int = FRAME) -> np.ndarray:
    """Of each frame, whether it may be speech."""
    detector = SpeechDetector()
    pcm = np.clip(samples, -32768, 32767).astype(np.int16)
    frames = [pcm[at : at + frame].tobytes() for at in range(0, len(pcm), frame)]
    return np.array([detector.push(each, RATE_HZ) > 0 for each in frames])


@pytest.mark.parametrize("dbfs", [-80, -60, -40, -20])
def test_noise_alone_is_no_speech_once_it_has_been_heard_for_a_while(dbfs: float) -> None:
    assert np.mean(spoken(noise(dbfs, 30))[round(LEARNT_SECONDS * 50) :]) < 0.01


@pytest.mark.parametrize(
    ("speech_dbfs", "noise_dbfs"),
    [(-20, -60), (-20, -40), (-12, -20), (-50, -70), (-50, -90)],
    ids=["a quiet room", "a noisy room", "a hall", "a quiet telephone", "a quiet and silent telephone"],
)
def test_words_over_noise_are_speech(speech_dbfs: float, noise_dbfs: float) -> None:
    speech = recording()
    before = round(LEARNT_SECONDS * RATE_HZ)
    heard = spoken(
        np.concatenate((noise(noise_dbfs, LEARNT_SECONDS), noise(noise_dbfs, len(speech) / RATE_HZ)))
        + np.concatenate((np.zeros(before), speech * amplitude(speech_dbfs)))
    )[before // FRAME :]
    words = words_of(speech)
    assert len(words) > 20
    # One faint stretch may be missed.
    assert sum(not heard[word].any() for word in words) <= 1


def test_the_first_word_is_speech_though_nothing_was_heard_before() -> None:
    words = recording()
    begin = int(np.argmax(voiced(words))) * FRAME
    assert np.mean(spoken(words[begin : begin + RATE_HZ // 5] * amplitude(-50))) > 0.5


def test_noise_that_begins_is_told_from_speech_afterwards() -> None:
    detector = SpeechDetector()
    fan = noise(-30, LEARNT_SECONDS).astype(np.int16)
    at_first = detector.push(fan[:FRAME].tobytes(), RATE_HZ)
    assert not detector.is_noise(at_first)
    detector.push(fan.tobytes(), RATE_HZ)
    assert detector.is_noise(at_first)


def test_speech_after_the_end_of_a_noise_is_heard_at_once() -> None:
    detector = SpeechDetector()
    detector.push(noise(-20, LEARNT_SECONDS).astype(np.int16).tobytes(), RATE_HZ)
    detector.push(bytes(2 * RATE_HZ // 5), RATE_HZ)
    assert detector.push(noise(-45, 0.02).astype(np.int16).tobytes(), RATE_HZ)


def test_a_word_in_a_long_frame_is_found() -> None:
    pcm = np.zeros(RATE_HZ)
    pcm[8000:9600] = amplitude(-45)
    assert spoken(pcm, frame=RATE_HZ).tolist() == [True]


@pytest.mark.parametrize("value", [-32768, 32767])
def test_the_loudest_samples_are_always_speech(value: int) -> None:
    assert spoken(np.full(10 * RATE_HZ, value)).all()


def test_no_audio_is_no_speech() -> None:
    assert SpeechDetector().push(b"", RATE_HZ) == 0


def test_a_tenth_of_a_second_is_as_loud_as_its_loudest_fiftieth() -> None:
    pcm = (recording()[: 20 * RATE_HZ] * amplitude(-20)).astype(np.int16)
    one, five = SpeechDetector(), SpeechDetector()
    frames = [pcm[at : at + FRAME].tobytes() for at in range(0, len(pcm), FRAME)]
    singly = [one.push(frame, RATE_HZ) for frame in frames]
    at_once = [five.push(b"".join(frames[at : at + 5]), RATE_HZ) for at in range(0, len(frames), 5)]
    assert at_once == pytest.approx([max(singly[at : at + 5]) for at in range(0, len(frames), 5)])
    assert 0 < sum(map(bool, at_once)) < len(at_once)


def test_the_rate_may_change_amid_the_audio() -> None:
    detector = SpeechDetector()
    for rate in (48000, 8000, 16000):
        hiss, frame = noise(-40, 2 * LEARNT_SECONDS).astype(np.int16), rate // 50
        frames = [hiss[at : at + frame].tobytes() for at in range(0, len(hiss), frame)]
        powers = [detector.push(each, rate) for each in frames]
    assert np.mean([power > 0 for power in powers]) < 0.01
