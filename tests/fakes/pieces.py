"""Voices of few samples, and told apart by them."""

from __future__ import annotations

import struct

from livekit_plugins_azure_interpreter._voices.ledger import Ledger
from livekit_plugins_azure_interpreter._voices.samples import DEFAULT_RATE_HZ, Samples
from livekit_plugins_azure_interpreter._voices.utterance import Utterance

RATE = DEFAULT_RATE_HZ
"""What is read without a header. Seconds that are powers of two are exact."""
_HEADER = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16, b"data", 0
)


class PieceLedger(Ledger):
    """A ledger that hears pieces instead of chunks: they are sent to it as the service sends a voice."""

    def audio(self, samples: Samples, now: float, *, position: float = 0.0) -> None:
        """A piece came; with a header in front where it `starts`."""
        self.chunk(chunk_of(samples), now, position=position)


def piece(seconds: float = 1.0, *, starts: bool = False, tag: int = 0) -> Samples:
    return Samples(bytes([tag, 1]) * int(seconds * RATE), RATE, starts)


def chunk_of(samples: Samples) -> bytes:
    """A piece, as the service sends it."""
    return (_HEADER if samples.starts else b"") + samples.pcm


def tags(utterance: Utterance) -> list[int]:
    """The tags of the pieces of a voice."""
    return [samples.pcm[0] for samples in utterance.samples if samples.pcm]
