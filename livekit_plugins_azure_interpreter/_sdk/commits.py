"""Asks for the end of utterances, as often as the SDK takes it. It has no SDK types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

_INTERVAL_SECONDS = 0.11
"""The SDK drops a commit within 0.1 s of the one before."""
_ONE_SAMPLE = bytes(2)


class Committing(Protocol):
    """The part of a recognizer that commits."""

    def write(self, pcm: bytes) -> None: ...

    def commit(self) -> None: ...


class Commits:
    """The commits of one recognizer: each ends the utterance at the end of the written audio.

    Args:
        recognizer: Takes them.
        written_seconds: How much audio was written to it.
    """

    def __init__(self, recognizer: Committing, written_seconds: Callable[[], float]) -> None:
        self._recognizer: Committing | None = recognizer
        self._written_seconds = written_seconds
        self._loop = asyncio.get_running_loop()
        self._committed_seconds = 0.0
        self._next_at = 0.0
        self._repeating: asyncio.TimerHandle | None = None

    async def commit(self) -> None:
        """Wait until the SDK takes another commit, and commit.

        It does nothing with less new audio than the SDK's interval, so that many commits cannot hold up
        the audio.
        """
        if self._written_seconds() - self._committed_seconds >= _INTERVAL_SECONDS:
            await asyncio.sleep(self._next_at - self._loop.time())
            self._commit()

    def reconnected(self) -> None:
        """Repeat the last commit if no audio has come since.

        The SDK repeats commits by itself, but not before new audio begins a turn of the new connection; and
        the speaker's microphone may be off.
        """
        if self._is_last:
            self._cancel_repeating()
            self._repeating = self._loop.call_at(self._next_at, self._repeat)

    def close(self) -> None:
        """Commit nothing more."""
        self._cancel_repeating()
        self._recognizer = None

    def _cancel_repeating(self) -> None:
        if self._repeating is not None:
            self._repeating.cancel()

    @property
    def _is_last(self) -> bool:
        """Whether no audio has come since the last commit."""
        return 0 < self._committed_seconds == self._written_seconds()

    def _repeat(self) -> None:
        if self._is_last and self._recognizer is not None:
            # One sample is too short to move the places of later utterances.
            self._recognizer.write(_ONE_SAMPLE)
            self._commit()

    def _commit(self) -> None:
        if self._recognizer is not None:
            self._recognizer.commit()
            self._committed_seconds = self._written_seconds()
            self._next_at = self._loop.time() + _INTERVAL_SECONDS
