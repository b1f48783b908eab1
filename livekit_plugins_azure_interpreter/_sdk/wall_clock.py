"""Detects that the wall clock was set back: the SDK receives nothing until the clock has caught up."""

from __future__ import annotations

_LEAST_SECONDS = 1.0
"""A shorter gap ends sooner than a new connection is made."""


class ClockSetBackError(Exception):
    """The wall clock was set back."""


class WallClock:
    """Compares the wall clock with a steady one. Time is an argument.

    Args:
        wall, steady: The present time of each clock, in seconds.
    """

    def __init__(self, wall: float, steady: float) -> None:
        self._ahead = wall - steady

    def look(self, wall: float, steady: float) -> float:
        """How far it was set back since the last look, in seconds; negative if it was set forward."""
        before, self._ahead = self._ahead, wall - steady
        return before - self._ahead

    def check(self, wall: float, steady: float) -> None:
        """Compare the clocks.

        Raises:
            ClockSetBackError: The wall clock was set back by more than the tolerance.
        """
        seconds = self.look(wall, steady)
        if seconds >= _LEAST_SECONDS:
            raise ClockSetBackError(f"the clock was set back by {seconds:.1f} s")
