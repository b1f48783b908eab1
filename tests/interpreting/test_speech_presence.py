"""Whether somebody speaks: sounds, what Azure tells of them, and streams that fail."""

from __future__ import annotations

import numpy as np
import pytest
from fakes.room import Audio
from livekit import rtc
from livekit.agents.language import LanguageCode
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter._interpreting.speech_presence import SpeechPresence


def event(type_: SpeechEventType) -> SpeechEvent:
    return SpeechEvent(type_)


def final(end_seconds: float) -> SpeechEvent:
    data = SpeechData(LanguageCode("fr"), "oui", end_time=end_seconds)
    return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])


def push(presence: SpeechPresence, pcm: bytes) -> None:
    for frame in Audio().frames(pcm):
        presence.push(frame)


@pytest.fixture
def presence() -> SpeechPresence:
    return SpeechPresence()


@pytest.fixture
def after_a_word(presence: SpeechPresence) -> SpeechPresence:
    """0.6 s of sound, and silence until 1.0 s."""
    push(presence, Audio().burst(0.6) + Audio().silence(0.4))
    return presence


def test_silence_is_no_speech(presence: SpeechPresence) -> None:
    push(presence, Audio().silence(1.0))
    assert not presence.is_speech
    assert presence.pushed_seconds == pytest.approx(1.0)


def test_speech_lasts_until_azure_tells_its_end(presence: SpeechPresence) -> None:
    presence.heard(event(SpeechEventType.START_OF_SPEECH))
    presence.heard(event(SpeechEventType.INTERIM_TRANSCRIPT))
    assert presence.is_speech
    presence.heard(event(SpeechEventType.END_OF_SPEECH))
    assert not presence.is_speech


@pytest.mark.parametrize(("result_ends_at", "is_speech"), [(0.6, False), (0.4, False), (0.2, True)])
def test_a_sound_is_speech_until_a_result_covers_it(
    after_a_word: SpeechPresence, result_ends_at: float, is_speech: bool
) -> None:
    assert after_a_word.is_speech
    after_a_word.heard(final(result_ends_at))
    assert after_a_word.is_speech is is_speech


def test_a_result_of_before_takes_nothing_back(after_a_word: SpeechPresence) -> None:
    after_a_word.heard(final(0.6))
    after_a_word.heard(final(0.1))
    assert not after_a_word.is_speech


def test_a_sound_of_long_ago_was_none(after_a_word: SpeechPresence) -> None:
    push(after_a_word, Audio().silence(5.0))
    assert not after_a_word.is_speech


def test_a_noisy_room_is_quiet_while_nobody_speaks(presence: SpeechPresence) -> None:
    for seed in range(600):
        noise = np.random.default_rng(seed).normal(0, 1000, 320).astype("<i2").tobytes()
        presence.push(rtc.AudioFrame(noise, 16000, 1, 320))
    assert not presence.is_speech


def test_a_stream_that_fails_leaves_the_sound_and_takes_what_it_has_told(presence: SpeechPresence) -> None:
    presence.heard(event(SpeechEventType.START_OF_SPEECH))
    presence.stream_failed()
    assert not presence.is_speech
    push(presence, Audio().burst(0.6) + Audio().silence(60.0))
    assert presence.is_speech


def test_a_sound_of_before_is_noise_once_another_stream_has_heard_it(after_a_word: SpeechPresence) -> None:
    after_a_word.stream_failed()
    push(after_a_word, Audio().silence(10.0))
    after_a_word.stream_replaced(kept_seconds=11.0)
    push(after_a_word, Audio().silence(5.0))
    assert after_a_word.is_speech
    push(after_a_word, Audio().silence(1.0))
    assert not after_a_word.is_speech


def test_a_sound_at_another_rate_ends_where_it_ends(presence: SpeechPresence) -> None:
    audio = Audio()
    for rate in (48000, 8000):
        pcm = audio.burst(0.25, rate) + audio.silence(0.25, rate)
        for frame in audio.frames(pcm, rate=rate, frame_ms=10):
            presence.push(frame)
        assert presence.quiet_seconds == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize("frame_ms", [10, 20, 100, 250])
def test_the_end_of_a_sound_is_known_to_a_tenth_of_a_second(presence: SpeechPresence, frame_ms: int) -> None:
    for frame in Audio().frames(Audio().burst(0.5) + Audio().silence(0.5), frame_ms=frame_ms):
        presence.push(frame)
    assert 0.4 <= presence.quiet_seconds <= 0.501


def test_a_sound_is_known_as_soon_as_it_is_pushed(presence: SpeechPresence) -> None:
    push(presence, Audio().silence(0.06) + Audio().burst(0.02))
    assert presence.quiet_seconds == 0.0
