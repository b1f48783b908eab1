"""What can be a recording, and where the result can be written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from demo.file_audio import SAMPLE_RATE_HZ, Recording, check_output

_SECONDS = 2.0
_CODECS = {
    "wav of 16 bit": ("a.wav", "pcm_s16le"),
    "wav of 24 bit": ("a.wav", "pcm_s24le"),
    "wav of floats": ("a.wav", "pcm_f32le"),
    "flac": ("a.flac", "flac"),
    "mp3": ("a.mp3", "libmp3lame"),
    "opus": ("a.opus", "libopus"),
    "mp4": ("a.m4a", "aac"),
}


def _write(path: Path, codec: str, *, rate: int = 48000) -> None:
    """A tone, in stereo."""
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(round(_SECONDS * rate)) / rate)).astype(np.float32)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
        frame.sample_rate = rate
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@pytest.mark.parametrize(("name", "codec"), _CODECS.values(), ids=_CODECS)
def test_a_recording_of_any_usual_kind_is_read_whole(tmp_path: Path, name: str, codec: str) -> None:
    _write(tmp_path / name, codec)
    recording = Recording.read(tmp_path / name)
    assert recording.seconds == pytest.approx(_SECONDS, abs=0.1)
    samples = np.frombuffer(recording.pcm, dtype=np.int16)[SAMPLE_RATE_HZ // 2 : -SAMPLE_RATE_HZ // 2]
    assert np.abs(samples).max() == pytest.approx(0.3 * 32768, rel=0.1)


def test_samples_that_need_no_change_are_read_as_they_are(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "examples" / "demo" / "sample" / "english.wav"
    assert Recording.read(sample).pcm == sample.read_bytes()[44:]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no file"),
        (b"", "cannot be read as audio"),
        (b"no audio\n" * 1000, "cannot be read as audio"),
    ],
    ids=["missing", "empty", "text"],
)
def test_an_unreadable_recording_is_reported_with_its_name(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "recording.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=told) as refused:
        Recording.read(path)
    assert str(path) in str(refused.value)


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder, not a recording"):
        Recording.read(tmp_path)


def test_an_output_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    check_output(tmp_path / "new.wav")
    assert not list(tmp_path.iterdir())
    (tmp_path / "old.wav").write_bytes(b"kept")
    check_output(tmp_path / "old.wav")
    assert (tmp_path / "old.wav").read_bytes() == b"kept"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_that_is_read_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.wav").touch(mode=0o400)
    with pytest.raises(ValueError, match="cannot be written: Permission denied"):
        check_output(tmp_path / "old.wav")


@pytest.mark.skipif(sys.platform != "linux", reason="a folder in which nobody can write is needed")
def test_an_output_in_a_folder_that_takes_no_files_is_refused() -> None:
    with pytest.raises(ValueError, match=r"--out: /proc/heard\.wav cannot be written"):
        check_output(Path("/proc/heard.wav"))
