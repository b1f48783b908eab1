"""The time, carried by samples: audio tells when it was sent, also to another process."""

from __future__ import annotations

import struct
import time

_STAMP = struct.Struct("<q")
FRAME_SECONDS = 0.02
FRAME_BYTES = 640
"""20 ms at 16 kHz, 16 bit, mono: the unit in which all benchmarks push audio."""
RIFF_BYTES = 44


def now() -> int:
    """Nanoseconds of the clock that all processes of a machine share."""
    return time.monotonic_ns()


def stamped(pcm: bytes, at: int = 0) -> bytes:
    """The samples, the time now in place of four of them."""
    return pcm[:at] + _STAMP.pack(now()) + pcm[at + _STAMP.size :]


def age_ms(pcm: bytes | memoryview, at: int = 0) -> float:
    """How long ago they were stamped."""
    return (now() - _STAMP.unpack_from(pcm, at)[0]) / 1e6
