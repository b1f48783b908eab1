"""Takes away the silence between the voices of one sentence's clauses. Pure."""

from __future__ import annotations

import numpy as np

_LOUDEST_SILENCE = 100
"""About -50 dB: quieter samples are silence."""
_EDGE_SECONDS = 0.03
"""So much silence is kept before and after each voice: a consonant may fade in it ..."""
_MARK_EDGE_SECONDS = 0.1
"""... and after a mark, where a speaker would pause."""


class JoinedVoices:
    """The voices of clauses that are one sentence, without most of the silence between them.

    Each voice begins and ends with silence, as if its clause stood alone. In the middle of a sentence that
    sounds like a stumble, and it makes the next clause late.

    Args:
        sample_rate: Of the voices, 16 bit mono PCM, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._edge_seconds = _EDGE_SECONDS
        self._silence = self._odd_byte = b""
        self._is_leading = True

    def next(self, *, after_mark: bool) -> bytes:
        """The next voice begins. Returns what is heard of the silence after the last one."""
        self._edge_seconds = _MARK_EDGE_SECONDS if after_mark else _EDGE_SECONDS
        kept = b"" if self._is_leading else self._silence[: self._edge_bytes]
        self._silence = self._odd_byte = b""
        self._is_leading = True
        return kept

    def push(self, pcm: bytes) -> bytes:
        """The next samples of a voice. Returns those that are heard now."""
        pcm = self._odd_byte + pcm
        size = len(pcm) // 2 * 2
        pcm, self._odd_byte = pcm[:size], pcm[size:]
        loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)) > _LOUDEST_SILENCE)
        if not len(loud):
            self._silence += pcm
            return b""
        begin, end = int(loud[0]) * 2, int(loud[-1] + 1) * 2
        before = self._silence + pcm[:begin]
        if self._is_leading:
            before = before[max(0, len(before) - self._edge_bytes) :]
        self._silence, self._is_leading = pcm[end:], False
        return before + pcm[begin:end]

    def end(self) -> bytes:
        """No voice follows. Returns the silence after the last one."""
        silence, self._silence = self._silence, b""
        return silence

    @property
    def _edge_bytes(self) -> int:
        return round(self._edge_seconds * self._sample_rate) * 2
