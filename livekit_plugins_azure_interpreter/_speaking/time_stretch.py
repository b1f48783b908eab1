"""Plays a voice faster at its own pitch, with FFmpeg's `atempo` filter."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph
from av.filter.context import FilterContext

_PIECE_SECONDS = 0.01
"""The filter's output pieces are as long as its input pieces; longer ones come later."""


class TimeStretcher:
    """Changes the tempo of 16 bit mono PCM as it comes, and not its pitch.

    Until it is first asked for another tempo than 1.0 the samples pass unchanged.

    Args:
        sample_rate: In Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._source: FilterContext | None = None
        self._speed = 1.0
        self._pushed = 0

    def push(self, pcm: bytes, speed: float) -> bytes:
        """The next samples, so many times faster; the filter holds back less than 0.1 s of them."""
        if self._source is None and speed == 1.0:
            return pcm
        if self._source is None:
            self._open(speed)
        assert self._source is not None
        if speed != self._speed:
            self._filter.process_command("tempo", f"{speed:.4f}")
            self._speed = speed
        size = round(_PIECE_SECONDS * self.sample_rate) * 2
        return b"".join(self._push(self._source, pcm[at : at + size]) for at in range(0, len(pcm), size))

    def _push(self, source: FilterContext, pcm: bytes) -> bytes:
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate = self.sample_rate
        frame.pts = self._pushed
        self._pushed += frame.samples
        source.push(frame)
        return b"".join(self._pull())

    def flush(self) -> bytes:
        """The samples that the filter still holds; nothing can be pushed afterwards."""
        if self._source is None:
            return b""
        self._source.push(None)
        return b"".join(self._pull())

    def _open(self, speed: float) -> None:
        graph = Graph()
        self._source = graph.add_abuffer(
            sample_rate=self.sample_rate,
            format="s16",
            layout="mono",
            time_base=Fraction(1, self.sample_rate),
        )
        self._filter = graph.add("atempo", f"{speed:.4f}")
        self._sink = graph.add("abuffersink")
        self._source.link_to(self._filter)
        self._filter.link_to(self._sink)
        graph.configure()
        self._graph = graph  # the filters are parts of it
        self._speed = speed

    def _pull(self) -> Iterator[bytes]:
        while True:
            try:
                frame = self._sink.pull()
            except (NothingYet, NothingMore):
                return
            assert isinstance(frame, av.AudioFrame)
            yield frame.to_ndarray().tobytes()
