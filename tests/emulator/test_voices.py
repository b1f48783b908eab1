"""How a voice is cut into messages."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from livekit_plugins_azure_interpreter._voice import VoiceReader
from livekit_plugins_azure_interpreter.emulator import Behaviour, Voice
from livekit_plugins_azure_interpreter.emulator import faults as f
from livekit_plugins_azure_interpreter.emulator.voices import riff_header, voice_chunks

_VOICE = Voice(struct.pack("<1000h", *range(1, 1001)))


def chunks(*faults: f.UtteranceFault, voice: Voice = _VOICE, **behaviour: Any) -> list[bytes]:
    return list(voice_chunks(voice, Behaviour(**behaviour), f.UtteranceFaults(faults)))


@pytest.mark.parametrize(
    ("riff", "headers"), [("first", [True, False]), ("every", [True, True]), ("none", [False, False])]
)
def test_headers_stand_where_the_behaviour_says(riff: str, headers: list[bool]) -> None:
    assert [chunk.startswith(b"RIFF") for chunk in chunks(riff=riff, chunk_bytes=1000)] == headers


@pytest.mark.parametrize("chunk_bytes", [2, 640, 1998, 4000])
def test_the_samples_are_all_there(chunk_bytes: int) -> None:
    assert b"".join(chunks(riff="none", chunk_bytes=chunk_bytes)) == _VOICE.pcm


def test_the_header_tells_the_rate_of_the_voice() -> None:
    first = chunks(voice=Voice(_VOICE.pcm, 24000))[0]
    assert struct.unpack_from("<HHI", first, 20) == (1, 1, 24000)


def test_an_empty_chunk_stands_in_the_middle() -> None:
    found = chunks(f.EmptyChunk(), riff="none", chunk_bytes=400)
    assert [len(chunk) for chunk in found] == [400, 400, 0, 400, 400, 400]


def test_odd_chunks_cut_samples_in_two() -> None:
    found = chunks(f.OddChunks(), riff="none", chunk_bytes=400)
    assert [len(chunk) for chunk in found] == [401, 401, 401, 401, 396]


def test_a_split_header_is_whole_over_two_chunks() -> None:
    found = chunks(f.SplitHeader(), chunk_bytes=2000)
    assert [len(chunk) for chunk in found] == [20, 2024]
    assert b"".join(found) == riff_header(16000) + _VOICE.pcm


def test_a_lying_header_tells_sizes_that_are_not_true() -> None:
    assert struct.unpack_from("<I", chunks(f.LyingHeader())[0], 40) == (0x7FFFFFFF,)


def test_a_long_voice_is_sent_over_and_over() -> None:
    assert b"".join(chunks(f.LongVoice(factor=3), riff="none")) == _VOICE.pcm * 3


def test_a_voice_in_stereo_has_each_sample_twice() -> None:
    found = b"".join(chunks(f.VoiceFormat(channels=2), riff="none"))
    assert struct.unpack_from("<6h", found) == (1, 1, 2, 2, 3, 3)


def test_a_voice_of_another_format_says_so_in_its_header() -> None:
    first = chunks(f.VoiceFormat(sample_rate=48000, channels=2))[0]
    assert struct.unpack_from("<HHIIHH", first, 20) == (1, 2, 48000, 192000, 4, 16)


def test_eight_bits_are_without_a_sign() -> None:
    found = b"".join(
        chunks(f.VoiceFormat(bits=8), voice=Voice(struct.pack("<3h", 0, 256, -256)), riff="none")
    )
    assert found == bytes([128, 129, 127])


@pytest.mark.parametrize(
    "faults", [(), (f.OddChunks(),), (f.SplitHeader(),), (f.LyingHeader(),), (f.VoiceFormat(channels=2),)]
)
def test_a_reader_gets_the_samples_back(faults: tuple[f.UtteranceFault, ...]) -> None:
    reader = VoiceReader()
    samples = [reader.read(chunk) for chunk in chunks(*faults, chunk_bytes=640)]
    assert b"".join(piece.pcm for piece in samples if piece is not None) == _VOICE.pcm
