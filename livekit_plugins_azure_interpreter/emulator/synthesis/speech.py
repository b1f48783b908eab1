"""The voice of a text, and the sending of it."""

from __future__ import annotations

import asyncio
import unicodedata
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np

from ..behaviour import Behaviour
from ..revisions import spoken_seconds
from ..script import Voice

_HEARD_CATEGORIES = ("L", "N", "Sc", "Sm")


@dataclass(frozen=True)
class Synthesized:
    """A voice that was made for a text, as a client asked for it.

    Attributes:
        text: The words.
        voice: Its samples.
        ssml: The SSML of the request; empty if only the words came.
    """

    text: str
    voice: Voice
    ssml: str = ""


def synthesize(text: str, seconds: float, sample_rate: int) -> Voice:
    """A voice for a text: noise that is the same for the same text, and differs for every other.

    Args:
        text: The words.
        seconds: How long it is.
        sample_rate: In Hz.
    """
    numbers = np.random.default_rng(zlib.crc32(text.encode("utf-8", "surrogatepass")))
    samples = numbers.integers(1, 9000, round(seconds * sample_rate))
    return Voice(samples.astype("<i2").tobytes(), sample_rate)


def is_heard(text: str) -> bool:
    """Whether anything of a text can be heard. Azure completes one without words, with no audio."""
    return any(unicodedata.category(letter).startswith(_HEARD_CATEGORIES) for letter in text)


def voice_seconds(text: str, behaviour: Behaviour) -> float:
    """How long the voice of a text is."""
    if not is_heard(text):
        return 0.0
    return spoken_seconds(text) if behaviour.synthesis_seconds is None else behaviour.synthesis_seconds


async def pieces(audio: bytes, seconds: float, behaviour: Behaviour) -> AsyncIterator[bytes]:
    """The audio of a voice, piece by piece, as late and as fast as the behaviour says.

    Args:
        audio: The encoded voice.
        seconds: How long it is.
    """
    await asyncio.sleep(behaviour.voice_delay_ms / 1000)
    for at in range(0, len(audio), behaviour.chunk_bytes):
        piece = audio[at : at + behaviour.chunk_bytes]
        yield piece
        if behaviour.voice_speed is not None:
            await asyncio.sleep(seconds * len(piece) / len(audio) / behaviour.voice_speed)
