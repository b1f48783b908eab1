"""What is said in these tests: the sentences of the sample, each with voices for its translations."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from livekit_plugins_azure_interpreter.emulator import Line, Script, Voice
from livekit_plugins_azure_interpreter.emulator.recognition.vad import EnergyVad, SpeechEnded

from .comparing import find_windows
from .participant import RATE_HZ

SAMPLE = Path(__file__).parents[2] / "examples" / "demo" / "sample"


@dataclass(frozen=True)
class Sentence:
    """A recording of one utterance, 16 bit mono PCM at RATE_HZ, and what Azure makes of it."""

    pcm: bytes
    line: Line

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / RATE_HZ


def silence(seconds: float) -> bytes:
    return bytes(2 * round(RATE_HZ * seconds))


def recorded(name: str, seconds: float | None = None) -> bytes:
    """A recording of the sample, or its beginning."""
    voice = Voice.from_wav(SAMPLE / name)
    assert voice.sample_rate == RATE_HZ
    return voice.pcm if seconds is None else voice.pcm[: len(silence(seconds))]


@functools.cache
def sentences() -> tuple[bytes, ...]:
    """The English sentences of the sample, without the pauses between them."""
    pcm = recorded("english.wav")
    stretches = (heard for heard in EnergyVad(RATE_HZ).hear(pcm) if isinstance(heard, SpeechEnded))
    return tuple(
        pcm[2 * round(RATE_HZ * one.start_seconds) : 2 * round(RATE_HZ * one.end_seconds)]
        for one in stretches
    )


def known_by_sound(spoken: Iterable[Sentence]) -> Script:
    """A script in which each sentence is known by its sound, whoever says it and when.

    Its length would not do: where a busy machine holds up packets, WebRTC makes up sound.
    """
    spoken = list(spoken)
    return lambda samples: max(spoken, key=lambda one: sum(find_windows(samples.pcm, one.pcm, RATE_HZ))).line
