"""How long to wait before the next attempt."""

from __future__ import annotations

import random

LONGEST_SECONDS = 60.0


class Backoff:
    """Waits longer after each failure; at random, so that not all come back at once."""

    def __init__(self) -> None:
        self._failures = 0

    def next_seconds(self, most_seconds: float = LONGEST_SECONDS) -> float:
        """How long to wait after one more failure."""
        longest = min(most_seconds, 2.0**self._failures)
        self._failures += 1
        return random.uniform(longest / 2, longest)

    def reset(self) -> None:
        """It works again."""
        self._failures = 0
