"""Records at which positions in its audio a stream was flushed. Pure."""

from __future__ import annotations

from collections import deque

from .replay_buffer import ReplayBuffer


class FlushMarks:
    """The flushes of the retained audio, so that another attempt ends its utterances at the same places.

    Args:
        retained: The stream's audio; positions are its own, in seconds.
    """

    def __init__(self, retained: ReplayBuffer) -> None:
        self._replay_buffer = retained
        self._marks: deque[float] = deque()

    def add(self) -> None:
        """Note a flush at the end of the audio."""
        self._forget()
        end_seconds = self._replay_buffer.end_seconds
        if end_seconds > (self._marks[-1] if self._marks else self._replay_buffer.start_seconds):
            self._marks.append(end_seconds)

    def of_retained(self) -> list[float]:
        """The position of each flush that has retained audio before it."""
        self._forget()
        return list(self._marks)

    def _forget(self) -> None:
        while self._marks and self._marks[0] <= self._replay_buffer.start_seconds:
            self._marks.popleft()
