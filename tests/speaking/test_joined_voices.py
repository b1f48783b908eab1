"""The silence between the voices of one sentence's clauses."""

from __future__ import annotations

import pytest
from fakes.tts import tone

from livekit_plugins_azure_interpreter._speaking.joined_voices import JoinedVoices

RATE = 16000


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


VOICE = silence(0.2) + b"\0\x40" * 1600 + silence(0.5) + b"\0\x40" * 1600 + silence(0.8)
"""0.1 s of sound, twice, with a pause between them."""
SOUND = VOICE[len(silence(0.2)) : -len(silence(0.8))]


def heard(*voices: bytes, after_mark: bool = False, chunk: int = 1 << 20) -> bytes:
    joined, pcm = JoinedVoices(RATE), b""
    for voice in voices:
        pcm += joined.next(after_mark=after_mark)
        for at in range(0, len(voice), chunk):
            pcm += joined.push(voice[at : at + chunk])
    return pcm + joined.end()


@pytest.mark.parametrize("chunk", [1 << 20, 640, 641, 7])
def test_the_silence_between_two_voices_is_short(chunk: int) -> None:
    edge = silence(0.03)
    assert heard(VOICE, VOICE, chunk=chunk) == edge + SOUND + edge + edge + SOUND + silence(0.8)


def test_a_mark_has_a_longer_pause() -> None:
    longer = len(heard(VOICE, VOICE, after_mark=True)) - len(heard(VOICE, VOICE))
    assert longer / 32000 == pytest.approx(3 * 0.07, abs=0.001)


def test_a_pause_within_a_voice_and_the_silence_after_the_last_are_kept() -> None:
    assert heard(VOICE) == silence(0.03) + VOICE[2 * round(0.2 * RATE) :]


def test_a_sound_is_unchanged() -> None:
    sound = tone(440, 1.0)
    assert abs(len(heard(sound, sound)) - 2 * len(sound)) <= 8


def test_a_voice_without_a_sound_is_short() -> None:
    assert heard(VOICE, silence(1.0), VOICE) == heard(VOICE, VOICE)
