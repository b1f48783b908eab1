"""Collects audio frames into messages of the SDK's size. Pure."""

from __future__ import annotations


class Packetizer:
    """Collects audio until it completes a message.

    The SDK sends only whole messages; smaller pieces would only wake its threads.

    Args:
        message_bytes: The length of a message.
    """

    def __init__(self, message_bytes: int) -> None:
        self._message_bytes = message_bytes
        self._added_bytes = 0
        self._waiting = b""

    def add(self, pcm: bytes) -> bytes:
        """All waiting audio if it completes a message, else nothing. Its end may be part of the next one."""
        if not self._waiting and len(pcm) == self._message_bytes:
            return pcm
        complete = self._added_bytes // self._message_bytes
        self._added_bytes += len(pcm)
        if self._added_bytes // self._message_bytes == complete:
            self._waiting += pcm
            return b""
        waiting, self._waiting = self._waiting, b""
        return waiting + pcm

    def flush(self) -> bytes:
        """All waiting audio, as the end of a message; the next audio begins another one."""
        waiting, self._waiting, self._added_bytes = self._waiting, b"", 0
        return waiting
