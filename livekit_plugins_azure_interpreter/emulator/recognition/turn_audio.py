"""The part of one turn's audio that is still needed."""

from __future__ import annotations

import struct

from ..script import Voice
from ..transport.wire import WireError

_RIFF_HEADER_BYTES = 44
_DEFAULT_RATE_HZ = 16000
_RATES_HZ = range(8000, 192_001)
_PCM = 1


class TurnAudio:
    """16 bit mono audio that a client sends, by its position in the session.

    Args:
        start_seconds: The position of its start.
    """

    def __init__(self, start_seconds: float) -> None:
        self.sample_rate = _DEFAULT_RATE_HZ
        self._pcm = bytearray()
        self._start = start_seconds

    @property
    def now(self) -> float:
        """Its present end."""
        return self._start + len(self._pcm) / 2 / self.sample_rate

    def append(self, payload: bytes) -> bytes:
        """Take an audio message. Returns its samples, without the RIFF header of the first message.

        Raises:
            WireError: The header is cut off, or of another format.
        """
        if payload.startswith(b"RIFF"):
            self.sample_rate = _riff_rate(payload)
            payload = payload[_RIFF_HEADER_BYTES:]
        self._pcm += payload
        return payload

    def samples(self, start: float, end: float) -> Voice:
        """The audio from one position to another."""
        first, last = (max(0, self._byte(seconds)) for seconds in (start, end))
        return Voice(bytes(self._pcm[first:last]), self.sample_rate)

    def forget(self, until: float) -> None:
        """Drop the audio before a position."""
        size = min(len(self._pcm), max(0, self._byte(until)))
        del self._pcm[:size]
        self._start += size / 2 / self.sample_rate

    def _byte(self, seconds: float) -> int:
        return round((seconds - self._start) * self.sample_rate) * 2


def _riff_rate(payload: bytes) -> int:
    if len(payload) < _RIFF_HEADER_BYTES:
        raise WireError("a RIFF header is cut off")
    tag, channels, rate = struct.unpack_from("<HHI", payload, 20)
    bits = int.from_bytes(payload[34:36], "little")
    if channels != 1:
        raise WireError(f"Invalid audio channel configuration: {channels} channels, the emulator hears one")
    if (tag, bits) != (_PCM, 16) or rate not in _RATES_HZ:
        raise WireError("Unsupported audio format: the emulator hears 16 bit PCM at 8 to 192 kHz")
    return int(rate)
