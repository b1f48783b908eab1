"""Converts Azure's chunks of a voice to plain samples."""

from __future__ import annotations

import struct
from dataclasses import dataclass

DEFAULT_RATE_HZ = 16000
_RIFF = b"RIFF"
_LONGEST_HEADER_BYTES = 4096
_PCM = 1
_SUPPORTED_RATES_HZ = range(4000, 192001)


class VoiceFormatError(ValueError):
    """A chunk whose header describes something that is not 16 bit PCM."""


@dataclass(frozen=True)
class Samples:
    """A piece of a voice: 16 bit mono PCM, little endian.

    Args:
        pcm: Whole samples.
        sample_rate: In Hz.
        starts: It began with a RIFF header.
    """

    pcm: bytes
    sample_rate: int
    starts: bool = False

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.sample_rate

    @property
    def is_silent(self) -> bool:
        """Every sample is 0."""
        return not self.pcm.strip(b"\0")


def starts_with_header(data: bytes) -> bool:
    """Whether it begins with a RIFF header."""
    return data.startswith(_RIFF)


class VoiceReader:
    """Reads chunks with a RIFF header on the first, on every one, or on none.

    A chunk may end within a header. The sizes in a header are ignored: audio lasts until the
    next header or the end of the voice.
    """

    def __init__(self) -> None:
        self._sample_rate = DEFAULT_RATE_HZ
        self._channels = 1
        self._rest = b""
        self._headers_seen = False
        self._playable = True

    def begin(self) -> None:
        """A voice certainly begins: drop the rest of the one before."""
        self._rest = b""

    def read(self, chunk: bytes) -> Samples | None:
        """The samples of the next chunk; None if it holds no whole one.

        Raises:
            VoiceFormatError: The audio is not 16 bit PCM; chunks are ignored until the next
                header.
        """
        data = chunk if starts_with_header(chunk) else self._rest + chunk
        self._rest = b""
        starts = starts_with_header(data)
        if not starts and not self._playable:
            return None
        if starts or (data and _RIFF.startswith(data)):
            self._playable = False
            length = self._header(data)
            self._playable = True
            if length is None:
                self._rest = data
                return None
            data = data[length:]
            self._headers_seen = True
        whole = len(data) - len(data) % (2 * self._channels)
        self._rest = data[whole:]
        if not whole and not starts:
            return None
        return Samples(self._mono(data[:whole]), self._sample_rate, starts)

    def end(self) -> None:
        """Completed came: drop the rest of a sample or header, which does not belong to the next voice.

        If headers begin the voices, do nothing: an empty chunk may have caused Completed.
        """
        if not self._headers_seen:
            self._rest = b""

    def seconds_of(self, chunk: bytes) -> float:
        """About how long a chunk is, without reading it."""
        return len(chunk) / (2 * self._channels) / self._sample_rate

    def _header(self, data: bytes) -> int | None:
        """Take the format from a header; its length, or None while it is not all there."""
        at = 12
        while len(data) >= at + 8:
            name, size = struct.unpack_from("<4sI", data, at)
            at += 8
            if name == b"data":
                return at
            if len(data) < at + size:
                break
            if name == b"fmt ":
                self._format(data[at : at + size])
            at += size + size % 2
        if len(data) > _LONGEST_HEADER_BYTES:
            raise VoiceFormatError("a RIFF header without data")
        return None

    def _format(self, fmt: bytes) -> None:
        if len(fmt) < 16:
            raise VoiceFormatError("a RIFF header whose fmt is cut short")
        kind, channels, sample_rate, _, _, bits = struct.unpack_from("<HHIIHH", fmt)
        if kind != _PCM or bits != 16 or channels not in (1, 2) or sample_rate not in _SUPPORTED_RATES_HZ:
            raise VoiceFormatError(f"a voice of {channels} channels, {sample_rate} Hz, {bits} bit")
        self._channels, self._sample_rate = channels, sample_rate

    def _mono(self, pcm: bytes) -> bytes:
        if self._channels == 1:
            return pcm
        frames = struct.iter_unpack("<hh", pcm)
        return b"".join(struct.pack("<h", (left + right) // 2) for left, right in frames)
