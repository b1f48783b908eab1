"""Frames, put together to the SDK's messages. Pure."""

from __future__ import annotations


class Messages:
    """Audio that waits until it completes a message.

    The SDK sends whole messages only: what it is given before only wakes its threads.

    Args:
        message_bytes: The length of a message.
    """

    def __init__(self, message_bytes: int) -> None:
        self._message_bytes = message_bytes
        self._waiting = b""
        self._missing = message_bytes

    def add(self, pcm: bytes) -> bytes:
        """All that waits, if this completes a message; else nothing. The last part may be of the next."""
        self._missing -= len(pcm)
        if self._missing > 0:
            self._waiting += pcm
            return b""
        of_the_next = -self._missing % self._message_bytes
        self._missing = self._message_bytes - of_the_next
        return self._take() + pcm if self._waiting else pcm

    def flush(self) -> bytes:
        """All that waits: there is no more."""
        return self._take()

    def _take(self) -> bytes:
        waiting, self._waiting = self._waiting, b""
        return waiting
