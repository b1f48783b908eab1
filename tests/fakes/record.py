"""Entries to be recorded, and a record in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from livekit_plugins_azure_interpreter.record import Entry, Meeting, RecordError, Started, Utterance

MEETING = "RM_one"


def utterance(number: int = 1, **fields: Any) -> Utterance:
    """Something that alice said, at second `number` of a meeting that began at 1000."""
    usual = {
        "id": f"utterance-{number}",
        "meeting": MEETING,
        "at": 1002.0 + number,
        "person": "alice",
        "name": "Alice",
        "started_at": 1000.0 + number,
        "ended_at": 1001.0 + number,
        "language": "en-US",
        "text": f"sentence {number}",
        "translations": {"fr": f"phrase {number}"},
    }
    return Utterance(**{**usual, **fields})


class MemoryRecord:
    """A record that can be away.

    Attributes:
        entries: What is kept.
        error: What each `append` raises; None: it keeps the entries.
        answers: Cleared, `append` does not come back.
        tries: How often `append` was called.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.error: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.tries = 0

    @property
    def ids(self) -> list[str]:
        return [entry.id for entry in self.entries]

    def go_away(self) -> None:
        self.error = RecordError("it is away")

    def come_back(self) -> None:
        self.error = None

    async def append(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        self.tries += 1
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return [self._keep(entry) for entry in entries]

    async def read(self, meeting: str) -> Sequence[Entry]:
        return [entry for entry in self.entries if entry.meeting == meeting]

    async def meetings(self) -> Sequence[Meeting]:
        return []

    async def latest(self, room: str) -> Meeting | None:
        if self.error is not None:
            raise self.error
        await self.answers.wait()
        started = [one for one in self.entries if isinstance(one, Started) and one.room == room]
        if not started:
            return None
        entries = await self.read(started[-1].meeting)
        return Meeting(entries[0].meeting, room, entries[0].at, max(one.at for one in entries), len(entries))

    async def delete(self, meeting: str, *, person: str | None = None) -> int:
        return 0

    async def aclose(self) -> None:
        pass

    def _keep(self, entry: Entry) -> Entry:
        known = next((one for one in self.entries if one.id == entry.id), None)
        if known is None:
            known = replace(entry, number=len(self.entries) + 1)
            self.entries.append(known)
        return known
