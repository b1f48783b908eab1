"""Encodes a voice in one of Azure's output formats, with FFmpeg (PyAV)."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from ..script import Voice
from .output_format import OutputFormat

_CONTAINER_OPTIONS = {
    # Only frames of audio: a client may play them as they arrive, and join those of several texts.
    "mp3": {"write_xing": "0", "id3v2_version": "0"},
    # Without the name of the encoder, the header has the usual 44 bytes.
    "wav": {"fflags": "bitexact"},
}
_BARE_PACKETS = {"vbr": "off"}
"""Packets without a container have nothing but their equal sizes to tell them apart."""


async def encode(voice: Voice, form: OutputFormat) -> bytes:
    """The whole audio of a voice. Encoding takes up to some 100 ms, in another thread."""
    if form.container == "s16le" or not voice.pcm:
        return voice.pcm
    return await asyncio.to_thread(_encode, voice, form)


def _encode(voice: Voice, form: OutputFormat) -> bytes:
    if form.container is None:
        return b"".join(_bare_packets(voice, form))
    buffer = io.BytesIO()
    with av.open(
        buffer, "w", format=form.container, options=_CONTAINER_OPTIONS.get(form.container, {})
    ) as out:
        stream = out.add_stream(form.codec, rate=form.sample_rate, layout="mono")
        if form.bit_rate is not None:
            stream.bit_rate = form.bit_rate
        for frame in (_frame(voice), None):
            out.mux(stream.encode(frame))
    return buffer.getvalue()


def _bare_packets(voice: Voice, form: OutputFormat) -> Iterator[bytes]:
    encoder = av.CodecContext.create(form.codec, "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = form.sample_rate, "mono", "s16"
    encoder.bit_rate, encoder.options = form.bit_rate, dict(_BARE_PACKETS)
    for frame in (_frame(voice), None):
        yield from map(bytes, encoder.encode(frame))


def _frame(voice: Voice) -> av.AudioFrame:
    samples = np.frombuffer(voice.pcm, "<i2").reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = voice.sample_rate
    return frame
