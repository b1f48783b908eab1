"""Maps positions in the speech to the participants who should hear it there.

A listener who changes the language should hear each utterance once: in the language that they wanted when
it was said. A voice comes later than its speech, so a change has a position in the speech.
Pure: positions are in seconds of the speech.
"""

from __future__ import annotations

from collections.abc import Iterable


class ListenerTimeline:
    """The listeners of one stream of speech, by position.

    Args:
        listeners: Its listeners at the beginning.
    """

    def __init__(self, listeners: Iterable[str] = ()) -> None:
        self._marks: list[tuple[float, frozenset[str]]] = [(0.0, frozenset(listeners))]

    def change(self, listeners: Iterable[str], position: float, *, at_once: Iterable[str] = ()) -> None:
        """Change the listeners from this position on.

        Args:
            listeners: All of them.
            position: How much has been said.
            at_once: Those of them who have just come, and may also hear earlier speech.
        """
        early = frozenset(at_once)
        self._marks = [(start, marked | early) for start, marked in self._marks]
        if self.latest != frozenset(listeners):
            self._marks.append((position, frozenset(listeners)))

    @property
    def latest(self) -> frozenset[str]:
        """The listeners of the next speech."""
        return self._marks[-1][1]

    def at(self, position: float) -> frozenset[str]:
        """The listeners of the speech at this position."""
        return next((who for start, who in reversed(self._marks) if start <= position), self._marks[0][1])

    def spoken(self, position: float) -> None:
        """Forget the listeners before this position: that speech has been heard."""
        while len(self._marks) > 1 and self._marks[1][0] <= position:
            del self._marks[0]

    @property
    def everyone(self) -> frozenset[str]:
        """All who still have something to hear."""
        return frozenset().union(*(who for _, who in self._marks))
