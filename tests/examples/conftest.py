"""A short recording, and an environment without Azure: the emulator is used."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import pytest
from fakes.worker_process import EXAMPLES

_SPEECH_SECONDS = (0.2, 1.6)
"""The sample's first words."""


@pytest.fixture(autouse=True)
def _without_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if "AZURE" in name:
            monkeypatch.delenv(name)


@pytest.fixture
def sentence(tmp_path: Path) -> Path:
    """A recording that begins with speech at once."""
    path = tmp_path / "sentence.wav"
    with (
        wave.open(str(EXAMPLES / "demo" / "sample" / "english.wav")) as sample,
        wave.open(str(path), "wb") as out,
    ):
        start, end = (round(seconds * sample.getframerate()) for seconds in _SPEECH_SECONDS)
        sample.setpos(start)
        out.setparams(sample.getparams())
        out.writeframes(sample.readframes(end - start))
    return path
