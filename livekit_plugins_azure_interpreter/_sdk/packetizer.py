"""Collects audio frames into messages of the SDK's size. Pure."""

from __future__ import annotations


class Packetizer:
    """Audio that waits until it completes a message.

    The SDK sends whole messages only: what it is given before only wakes its threads.

    Args:
        message_bytes: The length of a message.
    """

    def __init__(self, message_bytes: int) -> None:
        self._message_bytes = message_bytes
        self._added_bytes = 0
        self._waiting = b""

    def add(self, pcm: bytes) -> bytes:
        """All that waits, if this completes a message; else nothing. The last part may be of the next."""
        complete = self._added_bytes // self._message_bytes
        self._added_bytes += len(pcm)
        if self._added_bytes // self._message_bytes == complete:
            self._waiting += pcm
            return b""
        return self.flush() + pcm

    def flush(self) -> bytes:
        """All that waits: there is no more."""
        waiting, self._waiting = self._waiting, b""
        return waiting
