"""Mixes several tracks of one speaker into one stream of speech."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

_PATIENCE_SECONDS = 0.1
"""How long a track without audio delays the others; longer if its frames are longer."""


class Mixer:
    """Adds up tracks of 16 bit mono PCM, as they come. A single one passes unchanged.

    LiveKit's own AudioMixer waits for each track without audio, and warns every time.

    Args:
        sample_rate: Of all of them, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._patience = round(_PATIENCE_SECONDS * sample_rate)
        self._waiting: dict[str, np.ndarray] = {}
        self._tracks: frozenset[str] = frozenset()

    def listen_to(self, tracks: Collection[str]) -> bytes:
        """Mix only these tracks from now on. Returns the rest of the other tracks, mixed with them."""
        self._tracks = frozenset(tracks)
        for track in tracks:
            self._waiting.setdefault(track, np.empty(0, np.int16))
        return self._take(self._ready)

    def push(self, track: str, pcm: bytes) -> bytes:
        """Add audio of a track. Returns the samples that are ready (16 bit, little endian)."""
        if self._waiting.keys() == {track} and not len(self._waiting[track]):
            return pcm
        brought = np.frombuffer(pcm, np.int16)
        self._patience = max(self._patience, len(brought))
        self._waiting[track] = np.concatenate((self._waiting[track], brought))
        return self._take(self._ready)

    @property
    def _ready(self) -> int:
        """How many samples are ready; all samples of tracks that have left are."""
        waiting = [len(self._waiting[track]) for track in self._tracks]
        if not waiting:
            return max(map(len, self._waiting.values()), default=0)
        return max(min(waiting), max(waiting) - self._patience)

    def _take(self, samples: int) -> bytes:
        total = np.zeros(samples, np.int32)
        for track, waiting in list(self._waiting.items()):
            part = waiting[:samples]
            total[: len(part)] += part
            self._waiting[track] = waiting[samples:]
            if track not in self._tracks and not len(self._waiting[track]):
                del self._waiting[track]
        return bytes(np.clip(total, -32768, 32767).astype(np.int16).data)
