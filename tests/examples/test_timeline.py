"""The picture of what was said and what was heard."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
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


def test_a_timeline_has_what_was_said_early_where_it_was_heard(tmp_path: Path) -> None:
    said = Lane("said (en)", tone(440, 2.0), [Clip(0.0, 2.0, "Good morning to all of you.")])
    whole = Lane("heard (fr)", tone(220, 2.0), [Clip(0.5, 2.0, "")])
    early = replace(whole, pieces=[Clip(0.5, 0.5, "Bonjour"), Clip(1.2, 1.2, " à vous tous.")])
    pictures = []
    for heard in (whole, early):
        draw(tmp_path / "picture.png", said, heard, sample_rate=RATE)
        pictures.append((tmp_path / "picture.png").read_bytes())
    assert pictures[0] != pictures[1]


def test_a_missing_matplotlib_is_told_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="--plot needs matplotlib: python -m pip install matplotlib"):
        check_plot()
