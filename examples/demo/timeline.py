"""Draws what was said above what was heard, on one time axis."""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_SIZE_INCHES = (12.0, 4.4)
_POINTS_PER_SECOND = 60
_LETTERS_PER_SECOND = 6.5
"""At the size of the font: a text is wrapped at the length of its own sound."""
_TEXT_INDENT_SECONDS = 0.12
"""Room for the head of an arrow."""
_SAID, _HEARD = "#7a7f87", "#0f6cbd"


@dataclass(frozen=True)
class Clip:
    """Some speech on the time axis.

    Args:
        start_seconds: Where it begins.
        end_seconds: Where it ends.
        text: Its words.
    """

    start_seconds: float
    end_seconds: float
    text: str


@dataclass(frozen=True)
class Lane:
    """One of the two lanes of the picture.

    Args:
        title: Such as "said (English)".
        pcm: 16 bit mono PCM, from the time 0 on.
        clips: The utterances, in order.
        pieces: What was said of them before their end, each where it was said.
    """

    title: str
    pcm: bytes
    clips: Sequence[Clip]
    pieces: Sequence[Clip] = ()


def check_plot() -> None:
    """Fail before the work begins that could not be drawn.

    Raises:
        ValueError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise ValueError("--plot needs matplotlib: python -m pip install matplotlib")


def draw(path: Path, said: Lane, heard: Lane, *, sample_rate: int) -> None:
    """Write a picture (PNG) of two lanes; a line leads from each end of speech to its first sound."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load, and not always installed

    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for axes, lane, color in ((upper, said, _SAID), (lower, heard, _HEARD)):
        _draw_lane(axes, lane, color, sample_rate)
    upper.tick_params(bottom=False)
    lower.set_xlabel("seconds")
    for source, voice in zip(said.clips, heard.clips, strict=False):
        ends = {"said": (source.end_seconds, -1.0), "heard": (voice.start_seconds, 1.0)}
        _draw_delay(figure, upper, lower, ends)
    figure.savefig(path, dpi=120)


def _draw_lane(axes: Any, lane: Lane, color: str, sample_rate: int) -> None:
    samples = np.frombuffer(lane.pcm, np.int16).astype(np.float32)
    hop = sample_rate // _POINTS_PER_SECOND
    peaks = np.abs(samples[: len(samples) // hop * hop]).reshape(-1, hop).max(axis=1)
    loudest = max(1.0, float(peaks.max(initial=1.0)))
    times = np.arange(len(peaks)) / _POINTS_PER_SECOND
    axes.fill_between(times, -peaks / loudest, peaks / loudest, color=color, linewidth=0)
    axes.set(ylim=(-1.05, 2.6), yticks=[])
    axes.margins(x=0.01)
    axes.set_title(lane.title, loc="left", color=color, fontsize=11, fontweight="bold")
    axes.spines[["left", "right", "top"]].set_visible(False)
    for clip in lane.clips:
        letters = max(12, int((clip.end_seconds - clip.start_seconds) * _LETTERS_PER_SECOND))
        words = textwrap.fill(clip.text, letters, break_on_hyphens=False)
        axes.text(
            clip.start_seconds + _TEXT_INDENT_SECONDS,
            1.15,
            words,
            fontsize=8,
            va="bottom",
            ha="left",
            linespacing=1.1,
        )
    for piece in lane.pieces:
        place = (piece.start_seconds, 1.15)
        axes.text(*place, piece.text, fontsize=8, va="bottom", ha="left", rotation=60, rotation_mode="anchor")
        axes.plot([piece.start_seconds] * 2, [-1.0, 1.1], color=color, linewidth=0.4)


def _draw_delay(figure: Any, upper: Any, lower: Any, ends: dict[str, tuple[float, float]]) -> None:
    from matplotlib.patches import ConnectionPatch  # noqa: PLC0415 - slow to load, and not always installed

    style: dict[str, Any] = {"color": "#d83b01", "linewidth": 1.2, "linestyle": (0, (3, 2))}
    axes: dict[str, Any] = {"coordsA": "data", "coordsB": "data", "axesA": upper, "axesB": lower}
    figure.add_artist(ConnectionPatch(ends["said"], ends["heard"], arrowstyle="->", **axes, **style))
