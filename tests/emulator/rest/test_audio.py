from __future__ import annotations

import contextlib
import io
import struct
from typing import Any

import av
import numpy as np
import pytest

from livekit_plugins_azure_interpreter.emulator import Voice
from livekit_plugins_azure_interpreter.emulator.rest.audio import AudioError, AudioTooLongError, read_audio


def _encoded(codec: str, kind: str, rate: int, channels: int, seconds: float) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as out:
        layout = "mono" if channels == 1 else "stereo"
        stream = out.add_stream(codec, rate=rate, layout=layout)
        tone = np.sin(np.arange(round(rate * seconds)) * 0.1) * 9000
        samples = np.repeat(tone.astype("<i2"), channels).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate = rate
        for one in (frame, None):
            out.mux(stream.encode(one))
    return buffer.getvalue()


class TestReadAudio:
    async def test_a_wav_file_is_read_sample_by_sample(self, audio: Any, recorded: Any) -> None:
        assert await read_audio(await recorded(), most_seconds=60.0) == Voice(audio.utterance())

    @pytest.mark.parametrize("size", [0, 0xFFFF_FFFF])
    async def test_a_header_that_does_not_know_the_length_is_read(
        self, audio: Any, recorded: Any, size: int
    ) -> None:
        file = await recorded()
        streamed = file[:4] + struct.pack("<I", size) + file[8:40] + struct.pack("<I", size) + file[44:]
        assert await read_audio(streamed, most_seconds=60.0) == Voice(audio.utterance())

    @pytest.mark.parametrize(
        ("codec", "kind", "rate", "channels"),
        [
            ("pcm_s16le", "wav", 48000, 2),
            ("pcm_mulaw", "wav", 8000, 1),
            ("libopus", "ogg", 48000, 1),
            ("libopus", "webm", 48000, 1),
            ("libmp3lame", "mp3", 44100, 2),
            ("flac", "flac", 44100, 2),
        ],
    )
    async def test_every_kind_is_read_at_16_khz(
        self, codec: str, kind: str, rate: int, channels: int
    ) -> None:
        read = await read_audio(_encoded(codec, kind, rate, channels, 1.0), most_seconds=60.0)
        assert read.sample_rate == 16000
        assert read.seconds == pytest.approx(1.0, abs=0.1)

    @pytest.mark.parametrize("file", [b"", b"#EXTM3U\nfile:///etc/passwd", b"ffconcat version 1.0", b"RIF"])
    async def test_a_file_of_another_kind_is_refused(self, file: bytes) -> None:
        with pytest.raises(AudioError, match=r"expected flac, mp3, ogg, wav, webm\."):
            await read_audio(file, most_seconds=60.0)

    async def test_a_kind_that_is_not_allowed_is_refused(self, recorded: Any) -> None:
        with pytest.raises(AudioError, match=r"expected ogg\."):
            await read_audio(await recorded(), kinds=("ogg",), most_seconds=60.0)

    @pytest.mark.parametrize("file", [b"RIFF", b"OggS" * 100, b"fLaC" + bytes(100)])
    async def test_a_broken_file_is_refused(self, file: bytes) -> None:
        with pytest.raises(AudioError, match="is broken"):
            await read_audio(file, most_seconds=60.0)

    async def test_a_file_without_samples_is_silence(self, recorded: Any) -> None:
        file = await recorded()
        assert await read_audio(file[:44], most_seconds=60.0) == Voice(b"")

    @pytest.mark.parametrize("rate", [0, 1, 7999, 192_001, 0xFFFF_FFFF])
    async def test_a_rate_that_nobody_records_at_is_refused(self, recorded: Any, rate: int) -> None:
        file = await recorded()
        with pytest.raises(AudioError, match="Unsupported audio format"):
            await read_audio(file[:24] + struct.pack("<I", rate) + file[28:], most_seconds=60.0)

    async def test_a_title_that_is_no_text_is_ignored_or_refused(self, audio: Any, recorded: Any) -> None:
        info = b"INFOINAM" + struct.pack("<I", 4) + b"\xff\xfe\xfd\0"
        file = await recorded()
        titled = file[:36] + b"LIST" + struct.pack("<I", len(info)) + info + file[36:]
        with contextlib.suppress(AudioError):  # PyAV ignores it from version 19 on
            assert await read_audio(titled, most_seconds=60.0) == Voice(audio.utterance())

    async def test_a_format_that_changes_amid_the_file_is_refused(self) -> None:
        files = [_encoded("libmp3lame", "mp3", rate, 1, 1.0) for rate in (44100, 16000)]
        with pytest.raises(AudioError, match="is broken"):
            await read_audio(b"".join(files), most_seconds=60.0)

    async def test_a_film_without_sound_is_refused(self) -> None:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="webm") as out:
            stream = out.add_stream("libvpx", rate=10)
            stream.width = stream.height = 16
            stream.pix_fmt = "yuv420p"
            for frame in (av.VideoFrame(16, 16, "yuv420p"), None):
                out.mux(stream.encode(frame))
        with pytest.raises(AudioError, match="no audio"):
            await read_audio(buffer.getvalue(), most_seconds=60.0)

    async def test_a_file_that_is_too_long_is_refused_before_all_of_it_is_decoded(self) -> None:
        file = _encoded("libopus", "ogg", 48000, 1, 5.0)
        with pytest.raises(AudioTooLongError, match="longer than 1 s"):
            await read_audio(file, most_seconds=1.0)
