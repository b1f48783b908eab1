"""Voices of few samples, and told apart by them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from livekit_plugins_azure_interpreter._voices.ledger import Ledger
from livekit_plugins_azure_interpreter._voices.ledgers import Ledgers
from livekit_plugins_azure_interpreter._voices.samples import DEFAULT_RATE_HZ, Samples
from livekit_plugins_azure_interpreter._voices.utterance import Utterance

RATE = DEFAULT_RATE_HZ
"""What is read without a header. Seconds that are powers of two are exact."""
_HEADER = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16, b"data", 0
)


LANGUAGE = "fr"


class PieceLedger:
    """A stream that is spoken in one language, and hears pieces instead of chunks.

    Args:
        lost: Called with each utterance that becomes LOST.
        problem: Called with a sentence about audio that no utterance can get.
        voice_timeout_seconds: How long a voice is waited for, and how long it may pause.
        options: Of the `Ledger`.

    Attributes:
        ledgers: What it is made of.
        ledger: The one of its language.
    """

    def __init__(
        self,
        *,
        lost: Callable[[Utterance], None] | None = None,
        problem: Callable[[str], None] = lambda problem: None,
        voice_timeout_seconds: float = 5.0,
        scope: object | None = None,
        **options: Any,
    ) -> None:
        self.ledger = Ledger(LANGUAGE, lost=lost, voice_timeout_seconds=voice_timeout_seconds, **options)
        self.ledgers = Ledgers(
            lambda language, is_main: self.ledger,
            voice_timeout_seconds=voice_timeout_seconds,
            problem=problem,
            scope=scope,
        )
        self.ledgers.connected([LANGUAGE], [LANGUAGE])
        self.claims = self.ledger.claims
        self.expected_seconds = self.ledger.expected_seconds
        self.has_stray_voice = self.ledgers.has_stray_voice
        self.turn_started = self.ledgers.turn_started
        self.voice_announced = self.ledgers.voice_announced
        self.chunk = self.ledgers.chunk
        self.completed = self.ledgers.completed
        self.finished = self.ledgers.finished
        self.expire = self.ledgers.expire

    @property
    def deadline(self) -> float | None:
        return self.ledgers.deadline

    @property
    def dropped_seconds(self) -> float:
        return self.ledgers.dropped_seconds

    def recognized(
        self,
        text: str,
        now: float,
        *,
        voice_expected: bool = True,
        start: float = 0.0,
        same_language: bool = False,
    ) -> Utterance:
        """A translation came."""
        found = self.ledgers.recognized(
            {LANGUAGE: text},
            now,
            voiced=[LANGUAGE] if voice_expected else [],
            start=start,
            same_language=[LANGUAGE] if same_language else [],
        )
        return found[LANGUAGE]

    def unread(self, now: float) -> None:
        """A result came that cannot be read."""
        self.ledgers.unread(now, voiced=[LANGUAGE])

    def reconnected(self, now: float) -> None:
        self.ledgers.reconnected(now)

    def end(self, now: float) -> None:
        self.ledgers.end(now)

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
