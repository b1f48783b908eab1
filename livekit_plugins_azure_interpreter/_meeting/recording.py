"""Records a meeting, if a record is wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from livekit import rtc

from .._within import within
from ..record.continuation import meeting_to_continue
from ..record.keeper import Keeper
from ..record.record import Record
from ..record.scribe import Audience, Presence, Scribe
from ..stt import STT
from .client_contract import ATTRIBUTE_RECORDED
from .reports import SpeechMissed

_SID_SECONDS = 5.0


class MeetingRecording:
    """Gives the events of a meeting to a scribe, from `open` on. Without a record it does nothing.

    Args:
        record: Where the entries are kept.
    """

    def __init__(self, record: Record | Keeper | None) -> None:
        self._record = record
        self._scribe: Scribe | None = None
        self._names: dict[str, str] = {}

    @property
    def attributes(self) -> Mapping[str, str]:
        """The participant attribute that tells everybody in the room that they are recorded."""
        return {} if self._record is None else {ATTRIBUTE_RECORDED: "true"}

    async def open(self, room: rtc.Room) -> None:
        """Begin. Another interpreter of the same meeting goes on with it."""
        if self._record is not None and self._scribe is None:
            try:
                sid = await within(room.sid, _SID_SECONDS)
            except asyncio.TimeoutError:
                sid = room.name
            record = self._record.record if isinstance(self._record, Keeper) else self._record
            meeting = await meeting_to_continue(
                record, sid=sid, room=room.name, people=room.remote_participants.keys(), now=time.time()
            )
            self._scribe = Scribe(self._record, meeting, room.name)

    def present(self, people: Iterable[Presence]) -> None:
        """These are in the meeting now."""
        if self._scribe is not None:
            people = list(people)
            self._names.update({one.identity: one.name for one in people})
            self._scribe.present(people)

    def listen(self, speaker: str, stt: STT, audience: Callable[[str], Audience]) -> None:
        """Record what this STT hears the speaker say; `audience` returns who hears a language now."""
        if self._scribe is not None:
            self._scribe.listen(stt, lambda: Presence(speaker, self._names.get(speaker, "")), audience)

    def missed(self, missed: SpeechMissed) -> None:
        """Some speech is not heard."""
        if self._scribe is not None:
            self._scribe.missed(missed.speaker, missed.language, missed.reason, missed.seconds)

    async def aclose(self) -> None:
        """The meeting is over, or the interpreter leaves it: wait some seconds until all is kept."""
        if self._scribe is not None:
            await self._scribe.aclose()
