"""Sends track subscription permissions so that the latest ones hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_GAP_SECONDS = 0.1
_TIMES = 2


class TrackPermissions:
    """Spaces out LiveKit's track subscription permissions.

    LiveKit's SDK confirms none of them. If two are sent within milliseconds, the older one may arrive last,
    and stay. So they are sent with a pause between them, always in their present state, and the last twice.

    Args:
        send: Sends them as they are now.
    """

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._left = 0
        self._closed = False
        self._next: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """Send them: now, or as soon as they may be sent again."""
        self._left = _TIMES
        if self._next is None and not self._closed:
            self._go_on()

    def close(self) -> None:
        """Stop sending."""
        self._closed = True
        if self._next is not None:
            self._next.cancel()

    def _go_on(self) -> None:
        self._next = None
        if self._left:
            self._left -= 1
            self._next = asyncio.get_running_loop().call_later(_GAP_SECONDS, self._go_on)
            self._send()
