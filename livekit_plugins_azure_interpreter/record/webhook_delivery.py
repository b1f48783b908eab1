"""Delivers the events of one meeting to one receiver: in order, out of the record, until each is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from livekit.agents import utils

from .._within import within
from ..log import logger
from .entries import Ended, Entry, Started, Utterance
from .webhook_backlog import HELD_SECONDS, Backlog, LostError
from .webhook_call import Answer, Post, Receiver, pause_seconds
from .webhook_messages import Message, WebhookEvent, ended, event_of, said, started

_RENEW_SECONDS = HELD_SECONDS / 3
_PAGE = 200
_CORRECTIONS = 40
"""So many entries after an utterance may be its corrections: it has at most 30 languages."""
_MOST_REFUSALS = 5
_SILENT_SECONDS = 600.0
"""A meeting whose process died, and that nobody has taken up for so long, is over."""


@dataclass(frozen=True)
class Limits:
    """What is delivered, and for how long that is tried.

    Attributes:
        events: Which events.
        utterance_seconds: An older utterance is not delivered any more.
        event_seconds: An older start or end is not delivered any more.
        record_bytes: A longer record is not sent with the end of a meeting.
    """

    events: Collection[WebhookEvent]
    utterance_seconds: float
    event_seconds: float
    record_bytes: int

    def is_too_old(self, entry: Entry, now: float) -> bool:
        """Whether an entry is not delivered any more at this time, in Unix seconds."""
        longest = self.utterance_seconds if isinstance(entry, Utterance) else self.event_seconds
        return now - entry.at > longest


@dataclass
class Tally:
    """What became of the events for a receiver, in all meetings of this process.

    Attributes:
        receiver: Its name, for the log.
        delivered: How many it has got.
        dropped: How many it has not got, and will not get.
        is_failing: The last try has failed.
        is_gone: It wants no more of them.
    """

    receiver: str
    delivered: int = 0
    dropped: int = 0
    is_failing: bool = False
    is_gone: bool = False

    def note(self, answer: Answer) -> None:
        """Count an answer; tell an operator once what changes."""
        if answer.means == "delivered":
            self.delivered += 1
            if self.is_failing:
                self.is_failing = False
                logger.info("webhooks reach %s again", self.receiver)
        elif answer.means == "gone":
            if not self.is_gone:
                logger.error("%s wants no webhooks any more (%s): none is sent", self.receiver, answer.reason)
            self.is_gone = True
        elif not self.is_failing:
            self.is_failing = True
            logger.warning("a webhook to %s failed, and is tried again: %s", self.receiver, answer.reason)

    def drop(self, reason: str) -> None:
        """An event is given up."""
        if not self.dropped:
            logger.error("webhooks to %s are dropped: %s", self.receiver, reason)
        self.dropped += 1


class Delivery:
    """Delivers one meeting. What waits takes no memory, and another process can go on where this one stops.

    Args:
        backlog: What is to be delivered.
        receiver: Where to.
        limits: What, and for how long.
        tally: Counts.
        is_left: An earlier process has left the meeting behind. So this is done once all that is there is
            delivered, and otherwise at the end of the meeting.
    """

    def __init__(
        self, backlog: Backlog, receiver: Receiver, limits: Limits, tally: Tally, *, is_left: bool = False
    ) -> None:
        self._backlog, self._receiver = backlog, receiver
        self._limits, self._tally, self._is_left = limits, tally, is_left
        self._news, self._idle = asyncio.Event(), asyncio.Event()
        self._last: Entry | None = None

    @property
    def has_news(self) -> bool:
        """Whether there are entries that it has not looked at."""
        return self._news.is_set()

    def tell(self) -> None:
        """There are new entries."""
        self._idle.clear()
        self._news.set()

    async def until_idle(self) -> None:
        """Wait until nothing is left to be delivered."""
        await self._idle.wait()

    @utils.log_exceptions(logger=logger)
    async def run(self) -> None:
        """Deliver until the meeting is over, or the receiver is gone."""
        try:
            async with self._receiver.connected() as post:
                is_lost = True
                while is_lost:
                    try:
                        await self._run(post)
                        is_lost = False
                    except LostError:
                        self._last = None
        finally:
            self._idle.set()

    async def leave(self) -> None:
        """This process ends: another one may go on at once."""
        await self._backlog.leave()

    async def _run(self, post: Post) -> None:
        number = await self._backlog.take(patiently=not self._is_left)
        while number is not None and not self._tally.is_gone:
            self._news.clear()
            number = await self._deliver(number, post)
            if self._is_over or self._tally.is_gone:
                return
            if not self._is_left:
                await self._until_news()
            elif not await self._end(number):
                return

    @property
    def _is_over(self) -> bool:
        return isinstance(self._last, Ended) and not self._news.is_set()

    async def _deliver(self, number: int, post: Post) -> int:
        """Deliver all entries after this number; that of the last one."""
        while page := await self._backlog.after(number, _PAGE):
            ready = page[:-_CORRECTIONS] if len(page) == _PAGE else page
            for place, entry in enumerate(ready, 1):
                if event_of(entry) in self._limits.events:
                    await self._deliver_one(entry, page[place : place + _CORRECTIONS], post)
                    if self._tally.is_gone:
                        return number
                    await self._backlog.keep(entry.number)
                self._last, number = entry, entry.number
        if self._is_over:
            await self._backlog.finish(number)
        else:
            await self._backlog.keep(number)
        return number

    async def _deliver_one(self, entry: Entry, later: Sequence[Entry], post: Post) -> None:
        message: Message | None = None
        tries = refusals = 0
        while not self._limits.is_too_old(entry, time.time()):
            message = message or await self._message(entry, later)
            answer = await post(message)
            self._tally.note(answer)
            if answer.means in ("delivered", "gone"):
                return
            refusals += answer.means == "refused"
            if refusals == _MOST_REFUSALS and not isinstance(entry, Ended):
                self._tally.drop(f"it refuses one again and again ({answer.reason})")
                return
            tries += 1
            pause = pause_seconds(tries, answer)
            await self._backlog.keep(pause_seconds=pause)
            await asyncio.sleep(pause)
        self._tally.drop("they are too old, since it was away for long or is too slow")

    async def _message(self, entry: Entry, later: Sequence[Entry]) -> Message:
        if isinstance(entry, Started):
            return started(entry)
        if isinstance(entry, Utterance):
            return said(entry, later)
        assert isinstance(entry, Ended)
        entries = await self._backlog.until(entry)
        # In a thread: a long meeting takes long to write, and another one may be heard meanwhile.
        return await asyncio.to_thread(ended, entry, entries, self._limits.record_bytes)

    async def _end(self, number: int) -> bool:
        """End a meeting that was left behind, if nobody took it up; whether it was ended now."""
        if self._last is None:
            self._last = next(iter(await self._backlog.after(number - 1, 1)), None)
        last = self._last
        if last is None or self._is_over:
            await self._backlog.finish(number)
            return False
        if time.time() - last.at < _SILENT_SECONDS:
            await self._backlog.leave()
            return False
        await self._backlog.end(last)
        return True

    async def _until_news(self) -> None:
        while not self._news.is_set():
            self._idle.set()
            try:
                await within(self._news.wait(), _RENEW_SECONDS)
            except asyncio.TimeoutError:
                await self._backlog.keep()
