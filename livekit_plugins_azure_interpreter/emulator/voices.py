"""How a voice is cut into the messages that carry it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .conversation import Behaviour
from .faults import EmptyChunk, LongVoice, LyingHeader, OddChunks, SplitHeader, UtteranceFaults, VoiceFormat
from .script import Voice

_SPLIT_AT = 20
_LIE = 0x7FFFFFFF
_ONE_BYTE_MORE = 1


def voice_chunks(voice: Voice, behaviour: Behaviour, faults: UtteranceFaults) -> Iterator[bytes]:
    """The payloads of a voice's messages, in order."""
    pcm = voice.pcm * (long.factor if (long := faults.get(LongVoice)) else 1)
    form = faults.get(VoiceFormat) or VoiceFormat(sample_rate=voice.sample_rate)
    data = _in_format(pcm, form)
    size = behaviour.chunk_bytes + (_ONE_BYTE_MORE if faults.get(OddChunks) else 0)
    header = riff_header(
        form.sample_rate, form.channels, form.bits, data_size=_LIE if faults.get(LyingHeader) else 0
    )
    starts = range(0, len(data), size)
    for at in starts:
        chunk = data[at : at + size]
        if faults.get(EmptyChunk) and at == starts[len(starts) // 2]:
            yield b""
        if behaviour.riff == "none" or (behaviour.riff == "first" and at):
            yield chunk
        elif faults.get(SplitHeader):
            yield header[:_SPLIT_AT]
            yield header[_SPLIT_AT:] + chunk
        else:
            yield header + chunk


def _in_format(pcm: bytes, form: VoiceFormat) -> bytes:
    samples = [pcm[at : at + 2] for at in range(0, len(pcm), 2)]
    if form.bits == 8:
        # Eight bits are without a sign: silence is 128.
        samples = [bytes([sample[1] ^ 0x80]) for sample in samples]
    if form.channels > 1 or form.bits == 8:
        return b"".join(sample * form.channels for sample in samples)
    return pcm


def riff_header(sample_rate: int, channels: int = 1, bits: int = 16, *, data_size: int = 0) -> bytes:
    """A RIFF header as streaming services send it: the sizes are not known yet, and 0."""
    frame_bytes = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * frame_bytes, frame_bytes, bits)
    sizes = struct.pack("<I", data_size)
    return b"RIFF" + sizes + b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + sizes
