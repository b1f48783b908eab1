"""Collects audio frames into messages of the SDK's size. Pure."""

from __future__ import annotations

from ..options import Latency

_MESSAGE_MS: dict[Latency, int] = {"lowest": 20, "low": 20, "balanced": 40, "relaxed": 100}
"""The SDK's default is 100."""


def message_bytes(latency: Latency, sample_rate: int) -> int:
    """The length of a message of 16 bit mono PCM at this rate, in Hz."""
    return _MESSAGE_MS[latency] * sample_rate // 1000 * 2


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
        complete = self._added_bytes // self._message_bytes
        self._added_bytes += len(pcm)
        if self._added_bytes // self._message_bytes == complete:
            self._waiting += pcm
            return b""
        if not self._waiting:
            return pcm
        waiting, self._waiting = self._waiting, b""
        return waiting + pcm

    def align(self, written_bytes: int) -> None:
        """Let messages begin where the SDK begins them.

        Args:
            written_bytes: What the SDK was given since it began, or since the last commit. What waits comes
                after that.
        """
        self._added_bytes = written_bytes + len(self._waiting)

    def flush(self) -> bytes:
        """All waiting audio, as the end of a message; the next audio begins another one."""
        waiting, self._waiting, self._added_bytes = self._waiting, b"", 0
        return waiting
