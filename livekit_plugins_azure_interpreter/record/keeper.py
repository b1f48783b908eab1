"""Stands between an interpreter and a record: it takes entries at once, and keeps them as soon as it can."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from livekit import rtc
from livekit.agents import utils

from .._options.numbers import check_number
from .._within import within
from ..log import logger
from .entries import Entry, Gap
from .record import Record, RecordError
from .redaction import Redaction
from .webhooks import Webhooks

CLOSE_SECONDS = 5.0
"""How long the end of a meeting waits for its last entries. LiveKit gives a job that ends 10 s."""
_MOST_AT_ONCE = 500
_APPEND_SECONDS = 15.0
_REDACT_SECONDS = 30.0
_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 2.0


class Keeper(rtc.EventEmitter[Literal["entry_kept"]]):
    """Keeps the entries of an interpreter in a record, without ever holding it up. ::

        record = Keeper(SQLiteRecord("meetings.db"), redact=mask_numbers)
        interpreter = MeetingInterpreter(record=record)

    While the record is away, locked or full, entries wait here, and are kept later, once each. The log says
    so once, and again when all are kept. Beyond `max_waiting`, new entries are lost: `lost` counts them,
    and an entry `Gap` says how many are missing.

    Event: `entry_kept` with each entry, once the record has kept it.

    Args:
        record: Where entries are kept; `aclose` leaves it open.
        redact: Returns the text to keep, for each original, translation and correction. It is called in a
            thread. A text for which it raises is not kept.
        max_waiting: How many entries may wait. 10,000 are some hours of a lively meeting, and about 10 MB.
        webhooks: They tell others of each entry that is kept.

    Attributes:
        kept: How many entries were kept.
        lost: How many were lost, because too many waited, or because they still waited at the end.

    Raises:
        ValueError: `max_waiting` is not a positive number.
        TypeError: There are webhooks, and the record is one of your own without the methods for them.
    """

    def __init__(
        self,
        record: Record,
        *,
        redact: Callable[[str], str] | None = None,
        max_waiting: int = 10_000,
        webhooks: Sequence[Webhooks] = (),
    ) -> None:
        super().__init__()
        check_number("max_waiting", max_waiting, least=1, whole=True)
        self.kept = self.lost = 0
        self._record = record
        self._redaction = None if redact is None else Redaction(redact)
        self._max_waiting = max_waiting
        self._new: deque[Entry] = deque()
        # Being written: redacted, and tried again until they are kept.
        self._batch: list[Entry] = []
        self._gaps: Counter[str] = Counter()
        self._is_behind = False
        self._writing: asyncio.Task[None] | None = None
        self._webhooks = [*webhooks]
        for one in self._webhooks:
            one.follow(record)
            self.on("entry_kept", one.tell)

    @staticmethod
    def of(record: Record | Keeper) -> tuple[Keeper, Callable[[], Awaitable[object]]]:
        """The keeper of one meeting, and what to await at the end of the meeting.

        A keeper that was given is used as it is, and goes on afterwards: other meetings may share it.
        """
        if isinstance(record, Keeper):
            return record, record.flush
        keeper = Keeper(record)
        return keeper, keeper.aclose

    @property
    def record(self) -> Record:
        """Where entries are kept."""
        return self._record

    @property
    def waiting(self) -> int:
        """How many entries wait to be kept."""
        return len(self._new) + len(self._batch)

    def put(self, *entries: Entry) -> None:
        """Keep entries, soon. Needs a running loop; returns at once, and raises nothing."""
        free = max(0, self._max_waiting - self.waiting)
        self._new.extend(entries[:free])
        self._lose(entries[free:])
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def flush(self, timeout_seconds: float = CLOSE_SECONDS) -> bool:
        """Wait until all entries are kept, but not longer than this. Returns whether they are.

        The rest of this time it waits for webhooks.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + timeout_seconds
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=timeout_seconds)
        await asyncio.gather(*(one.flush(max(0.0, ends_at - loop.time())) for one in self._webhooks))
        return not self.waiting

    async def aclose(self) -> None:
        """Keep what waits, if the record takes it within some seconds; the rest is lost."""
        if not await self.flush(CLOSE_SECONDS):
            logger.error("%d entries were not kept: the record is away at the end", self.waiting)
        if self._writing is not None:
            await utils.aio.cancel_and_wait(self._writing)
        self.lost += self.waiting
        self._new.clear()
        self._batch = []
        await asyncio.gather(*(one.aclose() for one in self._webhooks))

    async def _write(self) -> None:
        while self.waiting:
            if not self._batch:
                await self._next_batch()
            await self._append()
            self._tell_gaps()

    async def _next_batch(self) -> None:
        self._batch = [self._new.popleft() for _ in range(min(_MOST_AT_ONCE, len(self._new)))]
        if self._redaction is not None:
            redacting = asyncio.to_thread(self._redaction.apply, self._batch)
            try:
                self._batch = await within(redacting, _REDACT_SECONDS)
            except asyncio.TimeoutError:
                logger.error("redact takes longer than %.0f s: the texts are not kept", _REDACT_SECONDS)
                self._batch = self._redaction.withhold(self._batch)

    async def _append(self) -> None:
        """Keep the batch, however often that must be tried."""
        pause = _PAUSE_SECONDS
        while (kept := await self._try()) is None:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        self._batch = []
        self.kept += len(kept)
        if self._is_behind and not self._new:
            self._is_behind = False
            logger.info("the record is written again, and all entries that waited are kept")
        for entry in kept:
            self.emit("entry_kept", entry)

    async def _try(self) -> Sequence[Entry] | None:
        try:
            return await within(self._record.append(self._batch), _APPEND_SECONDS)
        except asyncio.TimeoutError:
            self._failed(f"it gave no answer for {_APPEND_SECONDS:.0f} s")
        except RecordError as error:
            self._failed(str(error))
        except Exception as error:
            # A record of the user's may raise anything; the meeting goes on.
            self._failed(type(error).__name__)
        return None

    def _failed(self, reason: str) -> None:
        if not self._is_behind:
            self._is_behind = True
            logger.warning("the record cannot be written, so entries wait and are kept later: %s", reason)

    def _lose(self, entries: Sequence[Entry]) -> None:
        if entries and not self._gaps:
            logger.error("entries of the record are lost: %d wait already", self.waiting)
        self.lost += len(entries)
        self._gaps.update(entry.meeting for entry in entries)

    def _tell_gaps(self) -> None:
        """Tell in the record how many entries are missing."""
        gaps, self._gaps = self._gaps, Counter()
        for meeting, entries in gaps.items():
            gap = Gap(id=utils.shortuuid("gap-"), meeting=meeting, at=time.time(), entries=entries)
            self._new.append(gap)
