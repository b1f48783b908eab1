from __future__ import annotations

import io
import wave

import av
import pytest

from livekit_plugins_azure_interpreter.emulator import Voice, synthesize
from livekit_plugins_azure_interpreter.emulator.synthesis.encoding import encode
from livekit_plugins_azure_interpreter.emulator.synthesis.output_format import FORMATS, OutputFormat

_SECONDS = 0.5
_CODEC_SECONDS = 0.15
"""Codecs work in frames, and begin with some silence: 3 frames of MP3 at 24 kHz are 72 ms."""
_OPUS_PACKET_SECONDS = 0.02


def _decoded_seconds(encoded: bytes, form: OutputFormat) -> float:
    if form.container is None:
        return sum(_packet_seconds(packet) for packet in _packets(encoded, form))
    raw = form.container in ("s16le", "mulaw", "alaw")
    options = {"sample_rate": str(form.sample_rate)} if raw else {}
    with av.open(io.BytesIO(encoded), format=form.container, options=options) as container:
        stream = container.streams.audio[0]
        return sum(frame.samples / frame.sample_rate for frame in container.decode(stream))


def _packets(encoded: bytes, form: OutputFormat) -> list[bytes]:
    size = round((form.bit_rate or 0) / 8 * _OPUS_PACKET_SECONDS)
    return [encoded[at : at + size] for at in range(0, len(encoded), size)]


def _packet_seconds(packet: bytes) -> float:
    decoder = av.CodecContext.create("opus", "r")
    decoder.layout = "mono"
    return sum(frame.samples / frame.sample_rate for frame in decoder.decode(av.Packet(packet)))


class TestEncode:
    @pytest.mark.parametrize("name", FORMATS)
    async def test_a_voice_is_decoded_to_its_length(self, name: str) -> None:
        form = OutputFormat.parse(name)
        encoded = await encode(synthesize("Hello", _SECONDS, form.sample_rate), form)
        exact = form.codec.startswith("pcm") or form.codec == "g722"
        assert _decoded_seconds(encoded, form) == pytest.approx(
            _SECONDS, abs=0.001 if exact else _CODEC_SECONDS
        )

    @pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.bit_rate])
    async def test_the_size_of_a_voice_follows_from_the_bit_rate(self, name: str) -> None:
        form = OutputFormat.parse(name)
        encoded = await encode(synthesize("Hello", 2.0, form.sample_rate), form)
        assert len(encoded) * 8 / 2.0 == pytest.approx(form.bit_rate, rel=0.15)

    async def test_raw_pcm_is_as_it_was(self) -> None:
        voice = synthesize("Hello", _SECONDS, 16000)
        assert await encode(voice, FORMATS["raw-16khz-16bit-mono-pcm"]) == voice.pcm

    async def test_a_wav_file_has_the_usual_header(self) -> None:
        voice = synthesize("Hello", _SECONDS, 24000)
        encoded = await encode(voice, FORMATS["riff-24khz-16bit-mono-pcm"])
        assert encoded[44:] == voice.pcm
        with wave.open(io.BytesIO(encoded)) as wav:
            assert (wav.getframerate(), wav.getnframes()) == (24000, 12000)

    async def test_mp3s_are_frames_only_so_that_several_can_be_joined(self) -> None:
        form = FORMATS["audio-16khz-32kbitrate-mono-mp3"]
        encoded = await encode(synthesize("Hello", _SECONDS, 16000), form)
        assert encoded.startswith(b"\xff\xf3")
        assert _decoded_seconds(encoded * 2, form) == pytest.approx(
            2 * _decoded_seconds(encoded, form), abs=0.05
        )

    @pytest.mark.parametrize("name", FORMATS)
    async def test_nothing_is_encoded_as_nothing(self, name: str) -> None:
        assert await encode(Voice(b""), FORMATS[name]) == b""
