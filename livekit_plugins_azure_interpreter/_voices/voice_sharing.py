"""Whether the service voices several languages over one connection. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

_MISSES = 2
"""A single voice that does not come may be a fault of the moment."""


def _ignore(_: str) -> None:
    """Tell nobody; the default."""


class VoiceSharing:
    """Learns it from the voices that come, and do not come; all streams of an STT share one.

    Attributes:
        on_refused: Called once with the reason, when it is clear that the service does not.
    """

    def __init__(self) -> None:
        self.on_refused: Callable[[str], None] = _ignore
        self._answer: bool | None = None
        self._heard: set[str] = set()
        self._misses: Counter[str] = Counter()

    @property
    def is_shared(self) -> bool:
        """The service has shown that it does."""
        return self._answer is True

    def heard(self, language: str) -> None:
        """A voice came, over a connection that was asked for several languages."""
        self._heard.add(language)
        if len(self._heard) > 1 and self._answer is None:
            self._answer = True

    def missed(self, language: str) -> None:
        """No voice came in a language, over such a connection."""
        if self._answer is None and self._heard and language not in self._heard:
            self._misses[language] += 1
            if self._misses[language] == _MISSES:
                self.refused("it voices one language only")

    def refused(self, reason: str) -> None:
        """The service has said, or shown, that it does not."""
        if self._answer is None:
            self._answer = False
            self.on_refused(reason)
