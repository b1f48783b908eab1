"""Asks for the end of utterances, as often as the SDK takes it. It has no SDK types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_INTERVAL_SECONDS = 0.11
"""The SDK drops a commit within 0.1 s of the one before."""


class Commits:
    """The commits of one recognizer: each ends the utterance at the end of the written audio.

    Args:
        commit: Has the recognizer commit.
        written_seconds: How much audio was written to it.
    """

    def __init__(self, commit: Callable[[], None], written_seconds: Callable[[], float]) -> None:
        self._commit: Callable[[], None] | None = commit
        self._written_seconds = written_seconds
        self._loop = asyncio.get_running_loop()
        self._committed_seconds = 0.0
        self._next_at = 0.0

    async def commit(self) -> bool:
        """Wait until the SDK takes another commit, and commit.

        It does nothing with less new audio than the SDK's interval, so that many commits cannot hold up
        the audio.

        Returns:
            Whether it has committed.
        """
        if self._written_seconds() - self._committed_seconds < _INTERVAL_SECONDS:
            return False
        await asyncio.sleep(self._next_at - self._loop.time())
        if self._commit is None:
            return False
        self._commit()
        self._committed_seconds = self._written_seconds()
        self._next_at = self._loop.time() + _INTERVAL_SECONDS
        return True

    def close(self) -> None:
        """Commit nothing more."""
        self._commit = None
