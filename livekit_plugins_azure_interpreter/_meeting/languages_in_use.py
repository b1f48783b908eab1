"""Which languages one stream is asked for. Pure: positions are in seconds of the speech."""

from __future__ import annotations

from collections.abc import Callable, Collection

_WANTED = float("inf")


class LanguagesInUse:
    """The languages of one stream of speech: those that are wanted, and those that will be left out.

    A language that nobody wants any more was wanted when the last words were said. So it stays until they
    have their result, and until nobody speaks: the service may take a change at once, amid an utterance.

    Attributes:
        has_unwanted: A language is to be left out.
    """

    def __init__(self) -> None:
        # Until which position each is wanted.
        self._spoken: dict[str, float] = {}
        self._targets: dict[str, float] = {}
        self.has_unwanted = False

    @property
    def spoken(self) -> tuple[str, ...]:
        """The languages to be spoken; the order does not change."""
        return tuple(self._spoken)

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages to be spoken or only read."""
        return tuple(self._targets)

    def want(self, spoken: Collection[str], read: Collection[str], position: float) -> None:
        """Want these languages from this position on, and no others.

        Args:
            spoken: Those that are spoken.
            read: Those that are read; some may be spoken, too.
            position: How much has been said.
        """
        _want(self._spoken, spoken, position)
        _want(self._targets, [*spoken, *read], position)
        self.has_unwanted = any(
            until != _WANTED for until in (*self._spoken.values(), *self._targets.values())
        )

    def unspoken(self, is_recognized_until: Callable[[float], bool]) -> list[str]:
        """The spoken languages in which all that was wanted has its result.

        Args:
            is_recognized_until: Whether all that was said before a position has its result.
        """
        unwanted = ((language, until) for language, until in self._spoken.items() if until != _WANTED)
        return [language for language, until in unwanted if is_recognized_until(until)]

    def release(self) -> None:
        """Leave out the languages that are not wanted any more."""
        self._spoken = {language: until for language, until in self._spoken.items() if until == _WANTED}
        self._targets = {language: until for language, until in self._targets.items() if until == _WANTED}
        self.has_unwanted = False


def _want(languages: dict[str, float], wanted: Collection[str], position: float) -> None:
    for language, until in languages.items():
        languages[language] = min(until, position)
    languages.update(dict.fromkeys(wanted, _WANTED))
