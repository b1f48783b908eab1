"""Voices of few samples, and told apart by them."""

from __future__ import annotations

from livekit_plugins_azure_interpreter._voices.samples import Samples
from livekit_plugins_azure_interpreter._voices.utterance import Utterance

RATE = 64
"""Few samples per second, and a power of two: seconds are exact, and pieces are small."""


def piece(seconds: float = 1.0, *, starts: bool = False, tag: int = 0) -> Samples:
    return Samples(bytes([tag, 0]) * int(seconds * RATE), RATE, starts)


def tags(utterance: Utterance) -> list[int]:
    """The tags of the pieces of a voice."""
    return [samples.pcm[0] for samples in utterance.samples if samples.pcm]
