"""Entries to be recorded, and a record in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from livekit_plugins_azure_interpreter.record import Claim, Entry, Meeting, RecordError, Started, Utterance

MEETING = "RM_one"


def utterance(number: int = 1, /, **fields: Any) -> Utterance:
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
        delivered: How far each receiver has got, by its name and the meeting.
        holders: Who holds these, and until when, by the time of the loop.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.error: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.tries = 0
        self.delivered: dict[tuple[str, str], int] = {}
        self.holders: dict[tuple[str, str], tuple[str, float]] = {}
        self._receivers: list[str] = []

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
        self._answer()
        return [self._keep(entry) for entry in entries]

    async def read(self, meeting: str) -> Sequence[Entry]:
        self._answer()
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

    def deliver_to(self, receiver: str) -> None:
        self._receivers.append(receiver)

    async def unfinished(self, receiver: str) -> Sequence[str]:
        self._answer()
        mine = [place for place in self.delivered if place[0] == receiver]
        return [place[1] for place in mine if self._is_free(place) and self._is_unfinished(place)]

    async def hold(self, claim: Claim, *, seconds: float, delivered: int | None = None) -> int | None:
        self._answer()
        place = claim.receiver, claim.meeting
        if place not in self.delivered or not self._is_free(place, claim.holder):
            return None
        if delivered is not None:
            self.delivered[place] = delivered
        self.holders[place] = claim.holder if seconds else "", self._now() + seconds
        return self.delivered[place]

    async def read_after(self, meeting: str, number: int, *, most: int) -> Sequence[Entry]:
        return [entry for entry in await self.read(meeting) if entry.number > number][:most]

    def _answer(self) -> None:
        if self.error is not None:
            raise self.error

    def _is_free(self, place: tuple[str, str], holder: str = "") -> bool:
        by, until = self.holders.get(place, ("", 0.0))
        return by == holder or until <= self._now()

    def _is_unfinished(self, place: tuple[str, str]) -> bool:
        left = any(one.meeting == place[1] and one.number > self.delivered[place] for one in self.entries)
        return left or bool(self.holders.get(place, ("", 0.0))[0])

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _keep(self, entry: Entry) -> Entry:
        known = next((one for one in self.entries if one.id == entry.id), None)
        if known is None:
            known = replace(entry, number=len(self.entries) + 1)
            self.entries.append(known)
        for receiver in self._receivers:
            self.delivered.setdefault((receiver, entry.meeting), known.number - 1)
        return known
