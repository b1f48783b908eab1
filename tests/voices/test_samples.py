"""Azure's chunks of a voice, made into plain samples."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from livekit_plugins_azure_interpreter._voices.samples import (
    DEFAULT_RATE_HZ,
    Samples,
    VoiceFormatError,
    VoiceReader,
)

PCM = struct.pack("<8h", 1, -2, 300, -400, 5000, -6000, 32767, -32768)


def header(
    *,
    sample_rate: int = 16000,
    channels: int = 1,
    bits: int = 16,
    kind: int = 1,
    riff_size: int = 0xFFFFFFFF,
    data_size: int = 0xFFFFFFFF,
    extra: bytes = b"",
) -> bytes:
    """A RIFF header as Azure sends it, up to where the samples begin."""
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", kind, channels, sample_rate, sample_rate * block, block, bits)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", riff_size, b"WAVE", b"fmt ", len(fmt))
        + fmt
        + extra
        + struct.pack("<4sI", b"data", data_size)
    )


def chunk_of(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)


def read(chunks: Sequence[bytes]) -> list[Samples]:
    reader = VoiceReader()
    return [samples for chunk in chunks if (samples := reader.read(chunk)) is not None]


def pcm_of(chunks: Sequence[bytes]) -> bytes:
    return b"".join(samples.pcm for samples in read(chunks))


LAYOUTS = {
    "a header on the first chunk": ([header() + PCM, PCM, PCM], [True, False, False]),
    "a header on every chunk": ([header() + PCM] * 3, [True, True, True]),
    "no header": ([PCM, PCM, PCM], [False, False, False]),
    "a header alone": ([header(), PCM, PCM, PCM], [True, False, False, False]),
}


@pytest.mark.parametrize(("pcm", "is_silent"), [(b"", True), (bytes(8), True), (bytes(7) + b"\1", False)])
def test_samples_of_zeros_are_silent(pcm: bytes, is_silent: bool) -> None:
    assert Samples(pcm, 16000).is_silent is is_silent


@pytest.mark.parametrize(("chunks", "starts"), LAYOUTS.values(), ids=LAYOUTS)
def test_headers_are_no_sound(chunks: list[bytes], starts: list[bool]) -> None:
    assert pcm_of(chunks) == PCM * 3


@pytest.mark.parametrize(("chunks", "starts"), LAYOUTS.values(), ids=LAYOUTS)
def test_samples_with_a_header_in_front_say_so(chunks: list[bytes], starts: list[bool]) -> None:
    assert [samples.starts for samples in read(chunks)] == starts


def test_a_header_alone_is_reported_without_sound() -> None:
    assert read([header()]) == [Samples(b"", 16000, True)]


def test_a_chunk_may_be_cut_at_every_byte() -> None:
    whole = header(sample_rate=24000) + PCM
    for at in range(1, len(whole)):
        pieces = read([whole[:at], whole[at:]])
        assert b"".join(samples.pcm for samples in pieces) == PCM, f"cut at {at}"
        assert [samples.starts for samples in pieces] == [True, False][: len(pieces)], f"cut at {at}"
        assert {samples.sample_rate for samples in pieces} == {24000}, f"cut at {at}"


def test_a_header_may_come_byte_by_byte() -> None:
    assert pcm_of([bytes([byte]) for byte in header() + PCM]) == PCM


def test_the_header_of_a_later_voice_may_be_cut_at_every_byte() -> None:
    whole = header(sample_rate=8000) + PCM
    for at in range(1, len(header())):
        reader = VoiceReader()
        reader.read(header() + PCM)
        reader.end()
        assert reader.read(whole[:at]) is None, f"cut at {at}"
        assert reader.read(whole[at:]) == Samples(PCM, 8000, True), f"cut at {at}"


@pytest.mark.parametrize("first", [b"", header()], ids=["no header", "header"])
def test_a_sample_may_be_cut_by_a_chunks_end(first: bytes) -> None:
    assert pcm_of([first + PCM[:3], PCM[3:4], PCM[4:9], PCM[9:]]) == PCM


def test_half_a_sample_is_no_sound_yet() -> None:
    assert VoiceReader().read(PCM[:1]) is None


def test_an_empty_chunk_is_no_sound() -> None:
    assert VoiceReader().read(b"") is None


def test_half_a_sample_before_a_header_is_no_sound() -> None:
    assert pcm_of([PCM + b"\x01", header() + PCM]) == PCM * 2


@pytest.mark.parametrize("rest", [b"\x01", header()[:20]], ids=["half a sample", "half a header"])
def test_the_rest_of_a_voice_is_not_put_before_the_next(rest: bytes) -> None:
    reader = VoiceReader()
    reader.read(rest)
    reader.end()
    assert reader.read(PCM) == Samples(PCM, DEFAULT_RATE_HZ)


@pytest.mark.parametrize("size", [0, 1, 2, len(PCM) - 1, len(PCM) + 2, 0x7FFFFFFF, 0xFFFFFFFF])
def test_the_sizes_in_a_header_are_not_believed(size: int) -> None:
    assert pcm_of([header(riff_size=size, data_size=size) + PCM, PCM]) == PCM * 2


@pytest.mark.parametrize("body", [b"INFO", b"INFOISFT\x05\0\0\0Azure\0", b"odd"])
def test_a_chunk_before_the_data_is_no_sound(body: bytes) -> None:
    assert pcm_of([header(extra=chunk_of(b"LIST", body)) + PCM]) == PCM


def test_a_long_fmt_is_understood() -> None:
    fmt = struct.pack("<HHIIHHH", 1, 1, 24000, 48000, 2, 16, 0)
    whole = b"RIFF\xff\xff\xff\xffWAVE" + chunk_of(b"fmt ", fmt) + b"data\0\0\0\0" + PCM
    assert read([whole]) == [Samples(PCM, 24000, True)]


@pytest.mark.parametrize("sample_rate", [8000, 16000, 24000, 48000])
def test_the_rate_of_a_header_holds_until_the_next(sample_rate: int) -> None:
    pieces = read([header(sample_rate=sample_rate) + PCM, PCM, header(sample_rate=16000) + PCM])
    assert [samples.sample_rate for samples in pieces] == [sample_rate, sample_rate, 16000]


def test_the_rate_without_a_header_is_the_one_that_was_asked_for() -> None:
    assert read([PCM])[0].sample_rate == DEFAULT_RATE_HZ == 16000


@pytest.mark.parametrize("sample_rate", [8000, 24000, 48000])
def test_the_length_of_samples_is_in_seconds(sample_rate: int) -> None:
    assert Samples(b"\0\0" * sample_rate, sample_rate).seconds == 1.0


STEREO = struct.pack("<6h", 100, 200, -100, -300, 32767, 32767)
MONO = struct.pack("<3h", 150, -200, 32767)


def test_stereo_is_mixed_down() -> None:
    assert pcm_of([header(channels=2) + STEREO]) == MONO


def test_a_stereo_frame_may_be_cut_at_every_byte() -> None:
    for at in range(1, len(STEREO)):
        assert pcm_of([header(channels=2) + STEREO[:at], STEREO[at:]]) == MONO, f"cut at {at}"


UNSUPPORTED = {
    "8 bit": header(bits=8),
    "24 bit": header(bits=24),
    "float": header(kind=3, bits=32),
    "a-law": header(kind=6, bits=8),
    "mu-law": header(kind=7, bits=8),
    "extensible": header(kind=0xFFFE),
    "no channel": header(channels=0),
    "6 channels": header(channels=6),
    "no rate": header(sample_rate=0),
    "a rate too high": header(sample_rate=384000),
    "fmt cut short": b"RIFF\0\0\0\0WAVE" + chunk_of(b"fmt ", b"\1\0\1\0") + b"data\0\0\0\0",
    "no data": header(extra=chunk_of(b"LIST", bytes(5000)))[:5000],
}


@pytest.mark.parametrize("head", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_a_header_that_cannot_be_played_raises(head: bytes) -> None:
    with pytest.raises(VoiceFormatError):
        VoiceReader().read(head + PCM)


def test_the_next_voice_can_be_played_after_one_that_cannot() -> None:
    reader = VoiceReader()
    with pytest.raises(VoiceFormatError):
        reader.read(UNSUPPORTED["8 bit"] + PCM)
    reader.end()
    assert reader.read(header() + PCM) == Samples(PCM, 16000, True)


def test_nothing_after_a_header_that_cannot_be_played_is_sound_until_the_next_header() -> None:
    reader = VoiceReader()
    with pytest.raises(VoiceFormatError):
        reader.read(header(bits=8) + PCM)
    assert reader.read(PCM) is None
    assert reader.read(header() + PCM) == Samples(PCM, DEFAULT_RATE_HZ, starts=True)


def test_half_a_sample_of_the_voice_before_is_no_sound_where_a_begin_is_certain() -> None:
    reader = VoiceReader()
    reader.read(b"abc")
    reader.begin()
    assert reader.read(b"de") == Samples(b"de", DEFAULT_RATE_HZ)


def test_the_length_of_a_chunk_is_told_without_reading_it() -> None:
    reader = VoiceReader()
    reader.read(header(channels=2, sample_rate=8000) + STEREO)
    assert reader.seconds_of(bytes(32000)) == 1.0
