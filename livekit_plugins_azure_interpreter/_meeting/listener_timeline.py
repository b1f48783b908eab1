"""Maps positions in the speech to the participants who should hear it there.

A listener who changes the language is to hear each utterance once: in the language that they wanted when
it was said. What is heard comes later than it was said, so a change waits for its place in the speech.
Pure: places are positions in the speech, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable


class ListenerTimeline:
    """The listeners of one stream of speech, by position.

    Args:
        listeners: Who is to hear it from the beginning.
    """

    def __init__(self, listeners: Iterable[str] = ()) -> None:
        self._marks: list[tuple[float, frozenset[str]]] = [(0.0, frozenset(listeners))]

    def change(self, listeners: Iterable[str], position: float, *, at_once: Iterable[str] = ()) -> None:
        """From this position on, it is for these.

        Args:
            listeners: All of them.
            position: How much has been said.
            at_once: Who of them may as well hear what was said before: they have just come.
        """
        early = frozenset(at_once)
        self._marks = [(start, marked | early) for start, marked in self._marks]
        if self.latest != frozenset(listeners):
            self._marks.append((position, frozenset(listeners)))

    @property
    def latest(self) -> frozenset[str]:
        """Who is to hear what is said next."""
        return self._marks[-1][1]

    def at(self, position: float) -> frozenset[str]:
        """Who is to hear what was said there."""
        return next((who for start, who in reversed(self._marks) if start <= position), self._marks[0][1])

    def spoken(self, position: float) -> None:
        """What was said before this position has been heard: it is not asked for any more."""
        while len(self._marks) > 1 and self._marks[1][0] <= position:
            del self._marks[0]

    @property
    def everyone(self) -> frozenset[str]:
        """All who are still to hear something."""
        return frozenset().union(*(who for _, who in self._marks))
