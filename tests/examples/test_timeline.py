"""The picture of what was said and what was heard."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from demo.timeline import Clip, Lane, check_plot, draw
from fakes.tts import tone

RATE = 16000


def test_a_picture_is_written_also_where_nothing_was_heard(tmp_path: Path) -> None:
    said = Lane("said (en)", tone(440, 0.5), [Clip(0.0, 0.5, "Good morning.")])
    for heard in (Lane("heard (fr)", tone(220, 0.5), [Clip(0.2, 0.5, "Bonjour.")]), Lane("heard", b"", [])):
        picture = tmp_path / "picture.png"
        draw(picture, said, heard, sample_rate=RATE)
        assert picture.read_bytes().startswith(b"\x89PNG")
        picture.unlink()


def test_a_missing_matplotlib_is_told_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="--plot needs matplotlib: python -m pip install matplotlib"):
        check_plot()
