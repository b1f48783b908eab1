"""Tells the client up to where its audio is answered, and where in its audio things are."""

from __future__ import annotations

from typing import Any, Literal

Acknowledges = Literal["both", "results", "headers"]
"""The option of `Behaviour`."""

_TICKS_PER_SECOND = 10_000_000


class Acknowledgement:
    """What a turn acknowledges, and its positions as the client counts them.

    A client keeps its audio until it is acknowledged, and sends it again on its next connection.

    Args:
        how: What acknowledges; see `Behaviour`.
        token: The id that the client repeats when it goes on (Azure's continuation token).
        start_seconds: Where the turn's audio begins in the session's.

    Attributes:
        until: The position up to which audio is acknowledged, in seconds of the session.
    """

    def __init__(self, how: Acknowledges, token: str, start_seconds: float) -> None:
        self.until = start_seconds
        self._how = how
        self._token = token
        # A header in turn.start says that positions count from there, and not from the start of the turn.
        self._origin = 0.0 if how == "headers" else start_seconds

    def opening(self) -> dict[str, str]:
        """The headers of the turn's start."""
        return self._headers(self.until) if self._how == "headers" else {}

    def up_to(self, seconds: float) -> dict[str, str]:
        """The headers that acknowledge audio up to a position; none if results alone acknowledge."""
        self.until = max(self.until, seconds)
        return {} if self._how == "results" else self._headers(seconds)

    def ticks(self, seconds: float) -> int:
        """A position, as Azure counts: in 100 ns."""
        return round((seconds - self._origin) * _TICKS_PER_SECOND)

    def span(self, start: float, end: float) -> dict[str, Any]:
        """A place in the audio, as a result names it."""
        return {"Offset": self.ticks(start), "Duration": round((end - start) * _TICKS_PER_SECOND)}

    def _headers(self, seconds: float) -> dict[str, str]:
        return {
            "X-Continuation-Token": self._token,
            "X-Continuation-Audio-Streams-1-Offset": str(self.ticks(seconds)),
        }
