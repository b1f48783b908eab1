"""Faults in the voices of an utterance."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from .base import VoiceFault


@dataclass(frozen=True)
class NoVoice(VoiceFault):
    """The voice is never sent."""


@dataclass(frozen=True)
class EarlyVoice(VoiceFault):
    """The voice begins before the final result."""


@dataclass(frozen=True)
class SlowVoice(VoiceFault):
    """The voice begins `seconds` late.

    Args:
        seconds: How late.
    """

    seconds: float = dataclasses.field(kw_only=True)


@dataclass(frozen=True)
class StallVoice(VoiceFault):
    """The voice pauses for `seconds` when a share of it was sent.

    Args:
        seconds: How long.
        after: The share, 0 to 1.
    """

    seconds: float = dataclasses.field(kw_only=True)
    after: float = dataclasses.field(default=0.5, kw_only=True)


@dataclass(frozen=True)
class DropInVoice(VoiceFault):
    """The connection is reset, or closed, when a share of the voice was sent.

    The SDK connects again; the rest of the voice never comes, and no event reports that.

    Args:
        after: The share, 0 to 1.
        code: The code of the WebSocket's close, 1000 to 4999; None: a reset.
    """

    after: float = dataclasses.field(default=0.5, kw_only=True)
    code: int | None = dataclasses.field(default=None, kw_only=True)


@dataclass(frozen=True)
class VoiceNeverEnds(VoiceFault):
    """The end of the voice is not reported.

    The SDK reports no SynthesizingAudioCompleted.
    """


@dataclass(frozen=True)
class VoiceError(VoiceFault):
    """The voice ends early, with an error.

    The SDK ends the whole session, with a ServiceError; voices behind it may still come after that.

    Args:
        after: The share of it that is sent, 0 to 1.
    """

    after: float = dataclasses.field(default=0.5, kw_only=True)


@dataclass(frozen=True)
class EmptyChunk(VoiceFault):
    """A chunk within the voice is empty.

    The SDK reports SynthesizingAudioCompleted there, and at the end once more.

    Args:
        after: The share that is sent before, 0 to 1.
    """

    after: float = dataclasses.field(default=0.5, kw_only=True)


@dataclass(frozen=True)
class OddChunks(VoiceFault):
    """Chunks have odd sizes, so that samples are cut in two."""


@dataclass(frozen=True)
class SplitHeader(VoiceFault):
    """The RIFF header is cut in two by the end of a chunk."""


@dataclass(frozen=True)
class LyingHeader(VoiceFault):
    """The sizes in the RIFF header are wrong: 4 GB in all, 2 bytes of samples."""


@dataclass(frozen=True)
class SilentVoice(VoiceFault):
    """The voice is a header and zeros, as for a phrase that could not be spoken."""


@dataclass(frozen=True)
class UnannouncedVoice(VoiceFault):
    """The voice comes without its beginning (`audio.start`), which names its language."""


@dataclass(frozen=True)
class ServiceTurn(VoiceFault):
    """The voice comes in a turn that the service begins itself, with an id of its own.

    The SDK reports such a voice as it reports others.
    """


@dataclass(frozen=True)
class StrayVoice(VoiceFault):
    """The voice comes under the id of a turn that never began.

    The SDK drops it.
    """


@dataclass(frozen=True)
class VoiceFormat(VoiceFault):
    """The voice comes in another format: repeated per channel, in 16 or 8 bits.

    Its header has the rate; the samples are not resampled to it.

    Args:
        sample_rate: In Hz.
        channels: How many, 1 to 8.
        bits: Of a sample, 8 or 16.
    """

    sample_rate: int = dataclasses.field(default=16000, kw_only=True)
    channels: int = dataclasses.field(default=1, kw_only=True)
    bits: int = dataclasses.field(default=16, kw_only=True)

    def __post_init__(self) -> None:
        if self.bits not in (8, 16):
            raise ValueError(f"bits must be 8 or 16, not {self.bits}")
        super().__post_init__()


@dataclass(frozen=True)
class LongVoice(VoiceFault):
    """The voice is `factor` times as long: it is sent over and over.

    Args:
        factor: How many times.
    """

    factor: int = dataclasses.field(default=10, kw_only=True)
