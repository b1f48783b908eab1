"""Keeps members who are about to return after a lost connection; they have not left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from .room import Member

_RETURN_SECONDS = 15.0
"""How long everybody who was there is expected after the connection is back."""
_SUBSCRIBE_SECONDS = 1.0
"""How long after their return they hear the tracks again."""


class ReturningMembers:
    """Keeps the members who were in the room until they are back, so that speech for them can wait.

    Attributes:
        is_lost: The room has no connection.
    """

    def __init__(self) -> None:
        self.is_lost = False
        self._expected: dict[str, Member] = {}
        self._giving_up: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._hear_from = float("-inf")

    def lost(self, members: Sequence[Member]) -> None:
        """The connection is lost, in a room with these members."""
        self.is_lost = True
        self._stop_giving_up()
        self._expected.update((member.identity, replace(member, tracks=())) for member in members)

    def restored(self, present: Collection[str], gone: Callable[[], None]) -> None:
        """The connection and these members are back; `gone` is called when the others count as gone."""
        self.is_lost = False
        self._forget(present)

        def give_up() -> None:
            self.expect_nobody()
            gone()

        self._giving_up = asyncio.get_running_loop().call_later(_RETURN_SECONDS, give_up)
        self._somebody_is_back()

    def came(self, present: Collection[str]) -> None:
        """Somebody came; these are in the room."""
        if self._forget(present):
            self._somebody_is_back()

    def expect_nobody(self) -> None:
        """All who are not back by now have left."""
        self._stop_giving_up()
        self._expected.clear()
        self._tell()

    def absent(self, present: Collection[str]) -> list[Member]:
        """The members, besides these, who are expected back; they cannot be heard."""
        return [member for identity, member in self._expected.items() if identity not in present]

    async def wait_for(self, listeners: Callable[[], Collection[str]]) -> None:
        """Wait until the connection is there and these listeners hear again; at once if nothing was lost."""
        while True:
            if self.is_lost or self._expected.keys() & set(listeners()):
                await self._changed.wait()
            elif (seconds := self._hear_from - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(seconds)
            else:
                return

    def _forget(self, present: Collection[str]) -> bool:
        return any([self._expected.pop(identity, None) is not None for identity in present])

    def _somebody_is_back(self) -> None:
        self._hear_from = asyncio.get_running_loop().time() + _SUBSCRIBE_SECONDS
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _stop_giving_up(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
