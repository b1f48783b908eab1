"""Tells clients the state of a meeting: only what has changed, and each attribute at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

EVERY_SECONDS = 1.0
_GAP_SECONDS = 0.2
"""Between two looks: each may be a request, which LiveKit passes on to everybody in the room."""


class Changes:
    """Which attributes are to be sent, and when. Pure: time is an argument, in seconds."""

    def __init__(self) -> None:
        # The value of each that was sent, and when.
        self._sent: dict[str, tuple[str, float]] = {}

    def take(self, attributes: Mapping[str, str], now: float) -> dict[str, str]:
        """What is to be sent now of these attributes; an empty value removes one that is not among them."""
        changed = self._changed(attributes)
        due = {name: value for name, value in changed.items() if self._may_be_sent_at(name) <= now}
        self._sent.update((name, (value, now)) for name, value in due.items())
        self._sent = {
            name: (value, sent_at)
            for name, (value, sent_at) in self._sent.items()
            if value or sent_at + EVERY_SECONDS > now
        }
        return due

    def next_at(self, attributes: Mapping[str, str]) -> float | None:
        """When the next of them may be sent; None: all are sent."""
        return min(map(self._may_be_sent_at, self._changed(attributes)), default=None)

    def _changed(self, attributes: Mapping[str, str]) -> dict[str, str]:
        removed = dict.fromkeys(self._sent.keys() - attributes.keys(), "")
        wanted = {**removed, **attributes}
        return {name: value for name, value in wanted.items() if value != self._last(name)[0]}

    def _may_be_sent_at(self, name: str) -> float:
        return self._last(name)[1] + EVERY_SECONDS

    def _last(self, name: str) -> tuple[str, float]:
        return self._sent.get(name, ("", float("-inf")))


class StateTeller:
    """Looks at the state after each change of it; once a second while it changes by itself; else never.

    Args:
        attributes: Returns the attributes as they are now, and whether they change by themselves.
        tell: Sends attributes; an empty value removes one.
    """

    def __init__(
        self,
        attributes: Callable[[], tuple[Mapping[str, str], bool]],
        tell: Callable[[Mapping[str, str]], None],
    ) -> None:
        self._attributes, self._tell = attributes, tell
        self._changes = Changes()
        self._loop = asyncio.get_running_loop()
        self._look: asyncio.TimerHandle | None = None
        self._looked_at = float("-inf")
        self._closed = False

    def changed(self) -> None:
        """The state may have changed: look at it once for all changes of a moment."""
        self._look_at(self._loop.time())

    def close(self) -> None:
        """Tell nothing more."""
        self._closed = True
        if self._look is not None:
            self._look.cancel()

    def _look_at(self, time: float) -> None:
        time = max(time, self._looked_at + _GAP_SECONDS)
        if self._closed or (self._look is not None and self._look.when() <= time):
            return
        if self._look is not None:
            self._look.cancel()
        self._look = self._loop.call_at(time, self._now)

    def _now(self) -> None:
        self._look = None
        attributes, is_moving = self._attributes()
        now = self._looked_at = self._loop.time()
        if due := self._changes.take(attributes, now):
            self._tell(due)
        later = [now + EVERY_SECONDS] if is_moving else []
        if (next_at := self._changes.next_at(attributes)) is not None:
            later.append(next_at)
        if later:
            self._look_at(min(later))
