"""Statistics of a service's pace: how late its voices begin, and how long a text's voice is. Pure."""

from __future__ import annotations

_KNOWN_LATENCIES = 3
"""After so many voices the stream's own latency is known, and quiet need not last the whole timeout."""
_LEAST_QUIET_SECONDS = 1.0
"""The shortest quiet after which the order of voices is certain again."""
_PATIENCE_SHARE = 0.5
"""After this share of the timeout a voice may as well belong to the second utterance in line.

A voice that is doubted in vain is lost, and others with it until a pause; one that is taken for its
neighbour's shifts all that follow. Services are slow now and then; that a voice never comes is rare, and
speakers seldom end two utterances within half the timeout.
"""


class Pace:
    """Statistics over the voices of one stream.

    Args:
        timeout_seconds: How long an utterance that is first in line waits for its voice.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._slowest_seconds = 0.0
        self._latencies = 0
        self._voiced_seconds = 0.0
        self._voiced_characters = 0

    def began(self, waited_seconds: float) -> None:
        """The voice of the first in line began after this time."""
        self._latencies += 1
        self.waited(waited_seconds)

    def waited(self, seconds: float) -> None:
        """A voice took at least so long to begin."""
        self._slowest_seconds = max(self._slowest_seconds, seconds)

    def voiced(self, seconds: float, characters: int) -> None:
        """A whole voice came, of a text of so many characters."""
        self._voiced_seconds += seconds
        self._voiced_characters += characters

    @property
    def patience_seconds(self) -> float:
        """After this time a voice may as well belong to the second utterance in line."""
        return max(_PATIENCE_SHARE * self._timeout_seconds, 3 * self._slowest_seconds)

    @property
    def quiet_seconds(self) -> float:
        """The pause after a dropped voice: an older voice that is still to come would begin by then."""
        if self._latencies < _KNOWN_LATENCIES:
            return self._timeout_seconds
        return min(self._timeout_seconds, max(_LEAST_QUIET_SECONDS, 3 * self._slowest_seconds))

    def expected_seconds(self, text: str) -> float | None:
        """About how long the voice of a text is, by earlier voices; None if there was none."""
        if not self._voiced_characters:
            return None
        return len(text) * self._voiced_seconds / self._voiced_characters
