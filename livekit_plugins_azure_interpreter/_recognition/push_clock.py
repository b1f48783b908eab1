"""Maps audio positions to push times. Pure: time is an argument."""

from __future__ import annotations

from collections import deque

_TOLERANCE_SECONDS = 0.01
"""The precision: frames that come more evenly than this need no memory."""
_MAX_STRETCHES = 1000


class PushClock:
    """Stretches of audio that is pushed at the pace of speech, each with its position and its delay.

    Args:
        began_at: When the stream began; audio that is not taken yet counts from here.
    """

    def __init__(self, began_at: float) -> None:
        self._stretches = deque([(float("-inf"), began_at)], maxlen=_MAX_STRETCHES)
        self._end_seconds = 0.0
        self._behind_since = began_at

    def taken(self, end_seconds: float, now: float, *, behind_seconds: float) -> None:
        """A frame was taken.

        Args:
            end_seconds: The position of its end.
            now: When it was taken.
            behind_seconds: How much audio was already pushed after it. At the pace of speech the frame was
                pushed that long ago, but not before all earlier audio was taken.
        """
        if not behind_seconds:
            self._behind_since = now
        lag = max(now - behind_seconds, self._behind_since) - end_seconds
        if not self._end_seconds:
            self._stretches[0] = (float("-inf"), lag)
        elif abs(lag - self._stretches[-1][1]) > _TOLERANCE_SECONDS:
            self._stretches.append((self._end_seconds, lag))
        self._end_seconds = end_seconds

    def at(self, seconds: float) -> float:
        """When the audio up to this position was pushed: not before what comes before it."""
        found: tuple[float, float] | None = None
        for start, lag in reversed(self._stretches):
            if found is not None:
                return max(seconds + found[1], found[0] + lag)
            if start < seconds:
                found = start, lag
        return seconds + self._stretches[0][1]
