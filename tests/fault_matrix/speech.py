"""Utterances that tell their number: in the pitch of what is said, in the words, and in the voice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from fakes.room import Audio

from livekit_plugins_azure_interpreter.emulator import Line, Voice

RATE_HZ = 16000
SPEECH_SECONDS = 0.4
SPACING_SECONDS = 1.0
_LOWEST_HZ = 250
_STEP_HZ = 20
_MOST_UTTERANCES = 1000


def conversation(
    count: int, spacing_seconds: float = SPACING_SECONDS, speech_seconds: float = SPEECH_SECONDS
) -> bytes:
    """Utterances 1 to `count`, one after another, and a silence."""
    audio = Audio()
    pcm = audio.silence(SPACING_SECONDS)
    for number in range(1, count + 1):
        pcm += audio.burst(speech_seconds, hertz=_LOWEST_HZ + _STEP_HZ * number)
        pcm += audio.silence(spacing_seconds - speech_seconds)
    return pcm + audio.silence(1.0)


def start_seconds(number: int, spacing_seconds: float = SPACING_SECONDS) -> float:
    """Where an utterance begins in the conversation."""
    return SPACING_SECONDS + (number - 1) * spacing_seconds


def line(number: int, voice_seconds: float, languages: Sequence[str] = ("fr",)) -> Line:
    """What the service makes of an utterance: words and a voice of its own in each language."""
    return Line(
        f"sentence number {number}",
        translations={language: translation(number, language) for language in languages},
        voices={
            language: Audio().voice(voice_seconds, seed=number + _MOST_UTTERANCES * at)
            for at, language in enumerate(languages)
        },
    )


def translation(number: int, language: str = "fr") -> str:
    return f"phrase {language} {number}"


def number_of(text: str) -> int:
    """The number of an utterance, from its words or its translation."""
    return int(text.rpartition(" ")[2])


def hear(samples: Voice) -> int:
    """The number of an utterance, from its pitch."""
    spectrum = np.abs(np.fft.rfft(np.frombuffer(samples.pcm, dtype="<i2"), n=RATE_HZ))
    return round((int(spectrum.argmax()) - _LOWEST_HZ) / _STEP_HZ)
