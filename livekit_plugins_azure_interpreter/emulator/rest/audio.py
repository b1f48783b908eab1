"""Reads the audio files that clients post."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Collection

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError

from ..script import Voice

_RATE_HZ = 16000
_RATES_HZ = range(8000, 192_001)
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "flac": (b"fLaC",),
    "mp3": (b"ID3", *(bytes([0xFF, second]) for second in (0xF2, 0xF3, 0xFA, 0xFB))),
    "ogg": (b"OggS",),
    "wav": (b"RIFF",),
    "webm": (b"\x1a\x45\xdf\xa3",),
}
"""How a file of a kind begins. FFmpeg may not guess: files of some kinds name others, which it would read."""
# A header that was written before the end was known says nothing about the length.
_OPTIONS = {"wav": {"ignore_length": "1"}}

KINDS: Collection[str] = _BEGINNINGS.keys()
"""The kinds of files that can be read."""


class AudioError(Exception):
    """An audio file that cannot be read."""


class AudioTooLongError(AudioError):
    """An audio file that is longer than is allowed."""


async def read_audio(file: bytes, *, kinds: Collection[str] = KINDS, most_seconds: float) -> Voice:
    """The samples of an audio file, at 16 kHz. Decoding runs in another thread.

    Args:
        file: Its content.
        kinds: The kinds that are allowed.
        most_seconds: How long it may be.

    Raises:
        AudioError: It is of another kind, or broken.
        AudioTooLongError: It is longer.
    """
    kind = next((kind for kind in kinds if file.startswith(_BEGINNINGS[kind])), None)
    if kind is None:
        raise AudioError(f"Unsupported audio format: expected {', '.join(sorted(kinds))}.")
    return await asyncio.to_thread(_decode, file, kind, most_seconds)


def _decode(file: bytes, kind: str, most_seconds: float) -> Voice:
    options = _OPTIONS.get(kind, {})
    try:
        with av.open(io.BytesIO(file), format=kind, options=options) as container:
            if not container.streams.audio:
                raise AudioError("Unsupported audio format: the file has no audio.")
            return _samples(container, most_seconds)
    except (FFmpegError, ValueError) as error:  # ValueError: its format changes, or its title is no text
        raise AudioError(f"Unsupported audio format: the {kind} file is broken.") from error


def _samples(container: InputContainer, most_seconds: float) -> Voice:
    pcm = bytearray()
    seconds = 0.0
    resampler = av.AudioResampler("s16", "mono", _RATE_HZ)
    for frame in container.decode(audio=0):
        # Before they are resampled: a few samples at 1 Hz would become a day.
        if frame.sample_rate not in _RATES_HZ:
            raise AudioError(f"Unsupported audio format: {frame.sample_rate} Hz, not 8 to 192 kHz.")
        seconds += frame.samples / frame.sample_rate
        if seconds > most_seconds:
            raise AudioTooLongError(f"The audio is longer than {most_seconds:.0f} s.")
        pcm += _joined(resampler.resample(frame))
    return Voice(bytes(pcm + _joined(resampler.resample(None))), _RATE_HZ)


def _joined(frames: list[av.AudioFrame]) -> bytes:
    return b"".join(frame.to_ndarray().astype(np.dtype("<i2")).tobytes() for frame in frames)
