"""Records an AgentSession or a TranslationSession."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from livekit.agents import get_job_context

from .keeper import Keeper
from .record import Record
from .scribe import Audience, Presence, Scribe, Source


class Session(Protocol):
    """LiveKit's `AgentSession` or `TranslationSession`."""

    def on(self, event: Any, callback: Callable[..., None]) -> Any:
        """Have the callback called with each such event."""

    @property
    def room_io(self) -> Any:
        """Knows the participant that is heard. Without a room it is None, or RuntimeError is raised."""


def record_session(
    session: Session, source: Source, record: Record | Keeper, *, meeting: str = "", speaker: str = ""
) -> Keeper:
    """Record a session, from its start to its end. ::

        record_session(session, stt, SQLiteRecord("meetings.db"))

    Call it before `session.start`. The end of the session, and that of its job, waits some seconds at most
    until all entries are kept. Recording is off unless this is called.

    Args:
        session: An `AgentSession`, or LiveKit's `TranslationSession`.
        source: Its `STT`, or its `TranslationModel`.
        record: Where entries are kept; it stays open. A `Keeper` also redacts them.
        meeting: The id of the meeting; in a job, that of the room if you leave it out.
        speaker: The identity to record if the session has no room, such as in a console.

    Returns:
        The keeper, which tells of each entry that was kept.

    Raises:
        ValueError: There is no job, and no `meeting`.
    """
    job = get_job_context(required=False)
    if not meeting and job is None:
        raise ValueError("there is no job whose room names the meeting: pass meeting=")
    room = "" if job is None else job.job.room.name
    scribe = Scribe(record, meeting or (job.job.room.sid or room if job is not None else ""), room)
    scribe.listen(source, lambda: _speaker(session, speaker), lambda language: Audience())
    ending = _Ending(scribe)
    session.on("close", ending.begin)
    if job is not None:
        job.add_shutdown_callback(ending.ended)
    return scribe.keeper


class _Ending:
    """Closes a scribe once, at the end of the session or of its job."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe
        self._closing: asyncio.Task[None] | None = None

    def begin(self, _: object = None) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._scribe.aclose())

    async def ended(self) -> None:
        self.begin()
        assert self._closing is not None
        await asyncio.shield(self._closing)


def _speaker(session: Session, otherwise: str) -> Presence:
    try:
        room_io = session.room_io
    except RuntimeError:
        return Presence(otherwise)
    participant = None if room_io is None else room_io.linked_participant
    return Presence(otherwise) if participant is None else Presence(participant.identity, participant.name)
