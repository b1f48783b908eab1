"""Sets the interpreter's participant attributes, and sets them again after a reconnect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from livekit import rtc

from ..log import logger

_CLEAR_SECONDS = 1.0
"""The time to remove them at the end."""
_HOLD_SECONDS = 5.0
"""LiveKit confirms an attribute within this time, also on a busy machine."""


class ParticipantAttributes:
    """The participant attributes of the interpreter.

    LiveKit's SDK raises no error if they are refused, or if the connection is lost meanwhile; it waits for an
    answer for 5 s and continues. So this class sets all of them again when the connection is back, one
    request after the other, and checks that they are set.
    """

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._wanted: dict[str, str] = {}
        self._unsent: dict[str, str] = {}
        self._sending: asyncio.Task[None] | None = None
        self._checking: asyncio.TimerHandle | None = None

    def set(self, attributes: Mapping[str, str]) -> None:
        """Set these after the ones before them. An empty value removes an attribute."""
        self._add(attributes)

    def set_again(self) -> None:
        """The connection is back: attributes that were set meanwhile are lost."""
        if self._sending is not None:
            self._sending.cancel()
        self._stop_checking()
        self._unsent = dict(self._wanted)
        self._sending = self._start()

    async def clear(self) -> None:
        """Remove all of them, if there is a connection."""
        sending = self._add(dict.fromkeys(self._wanted, ""))
        await asyncio.wait({sending}, timeout=_CLEAR_SECONDS)
        sending.cancel()
        self._stop_checking()

    def _add(self, attributes: Mapping[str, str]) -> asyncio.Task[None]:
        """Add these to those that are sent. Returns the task that sends them."""
        self._wanted.update(attributes)
        self._unsent.update(attributes)
        if self._sending is None or self._sending.done():
            self._sending = self._start()
        return self._sending

    def _start(self) -> asyncio.Task[None]:
        sending = asyncio.create_task(self._send())
        sending.add_done_callback(self._sent)
        return sending

    async def _send(self) -> None:
        while self._unsent and self._room.isconnected():
            sent, self._unsent = self._unsent, {}
            await self._room.local_participant.set_attributes(sent)
            self._stop_checking()
            self._checking = asyncio.get_running_loop().call_later(_HOLD_SECONDS, self._check)

    def _stop_checking(self) -> None:
        if self._checking is not None:
            self._checking.cancel()

    def _check(self) -> None:
        if not self._room.isconnected() or (self._sending is not None and not self._sending.done()):
            return
        holding = self._room.local_participant.attributes
        self._wanted = {name: value for name, value in self._wanted.items() if value or name in holding}
        missing = sorted(name for name, value in self._wanted.items() if value and holding.get(name) != value)
        if missing:
            # Everything is still heard, but a client does not know whose voice it is.
            logger.warning(
                "LiveKit did not set the participant attributes %s of the interpreter: its token needs "
                "canUpdateOwnMetadata; after a lost connection they are set again",
                ", ".join(missing),
            )

    def _sent(self, sending: asyncio.Task[None]) -> None:
        if not sending.cancelled() and (error := sending.exception()) is not None:
            logger.warning("could not set the interpreter's participant attributes: %s", type(error).__name__)
