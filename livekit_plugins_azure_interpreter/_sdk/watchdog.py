"""Detects a service that no longer answers; the SDK itself takes 66 s to notice."""

from __future__ import annotations


class Watchdog:
    """Counts the peer as dead if it does not answer speech for too long.

    Silence proves nothing: it is not known how often the service answers silence.

    Attributes:
        limit_seconds: How long speech may go unanswered.
        loudest: The power of the loudest speech that is not answered.
    """

    def __init__(self, limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        self.loudest = 0.0
        self._unanswered_since: float | None = None

    @property
    def unanswered(self) -> bool:
        """Speech was sent that nothing has answered yet."""
        return self._unanswered_since is not None

    @property
    def deadline(self) -> float | None:
        """When the peer counts as dead; None if no speech waits for an answer."""
        return None if self._unanswered_since is None else self._unanswered_since + self.limit_seconds

    def spoken(self, now: float, power: float) -> None:
        """Speech of this power was sent."""
        self.loudest = max(self.loudest, power)
        if self._unanswered_since is None:
            self._unanswered_since = now

    def answered(self) -> None:
        """Something came from the service."""
        self._unanswered_since = None
        self.loudest = 0.0

    def reconnected(self, now: float) -> None:
        """Restart the wait: the SDK sends unanswered speech again."""
        if self._unanswered_since is not None:
            self._unanswered_since = now
