"""Tells a web server of a recorded meeting: that it has begun, what was said, and that it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import Collection, Sequence

from livekit.agents import utils

from .._options.numbers import check_number
from .._within import within
from ..log import logger
from .deliveries import Claim, Deliveries
from .entries import Entry
from .record import Record, RecordError
from .webhook_backlog import Backlog
from .webhook_call import Receiver
from .webhook_delivery import Delivery, Limits, Tally
from .webhook_messages import EVENTS, Signer, WebhookEvent

_LOOK_SECONDS = 60.0
_LEAVE_SECONDS = 1.0
_DAY_SECONDS = 86400.0


class Webhooks:
    """Sends an HTTP request, signed as Standard Webhooks has it, for each event of a recorded meeting. ::

        record = Keeper(SQLiteRecord("meetings.db"), webhooks=[Webhooks(url, secret)])
        interpreter = MeetingInterpreter(record=record)

    Events are delivered at least once, and in order within a meeting. They are read from the record, which
    also keeps how far the receiver has got: so a slow receiver costs no memory, and holds up neither a voice
    nor the record. What a process does not deliver, the next one that uses the record does. The id of an
    event is the same each time.

    An event counts as delivered if the answer is 2xx. Otherwise it is sent again after 1 to 60 s, or when the
    header `Retry-After` says; redirects are not followed. An event that is refused five times as malformed
    (400, 413, 415, 422) is dropped, but not the end. After 410, this process sends nothing more.

    Args:
        url: Where to. Whoever can set it can make this machine send requests to any address, so do not take
            it from people whom you do not trust. Use https, unless the network is yours.
        secret: `whsec_` and 24 to 64 bytes in base64, which the receiver has, too. Several, while you change
            it: each request is then signed with all.
        events: "meeting.started", "meeting.utterance" and "meeting.ended". Others are not sent.
        utterance_seconds: An utterance that waits for longer is dropped. The record at the end has it.
        event_seconds: A start or an end that waits for longer is dropped.
        record_bytes: If the record is longer, the end of the meeting comes without it.

    Raises:
        ValueError: An argument is malformed; the message names it.
    """

    def __init__(
        self,
        url: str,
        secret: str | Sequence[str],
        *,
        events: Collection[WebhookEvent] = EVENTS,
        utterance_seconds: float = 3600.0,
        event_seconds: float = 3 * _DAY_SECONDS,
        record_bytes: int = 1_000_000,
    ) -> None:
        if unknown := sorted(set(events) - set(EVENTS)):
            raise ValueError(f"events must be among {', '.join(EVENTS)}, not {unknown[0]!r}")
        check_number("utterance_seconds", utterance_seconds, above=0)
        check_number("event_seconds", event_seconds, above=0)
        check_number("record_bytes", record_bytes, least=0, whole=True)
        signer = Signer.of([secret] if isinstance(secret, str) else secret)
        self._receiver = Receiver(url, signer)
        # Its name in the record: an address may have a secret in it.
        self._name = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._limits = Limits(frozenset(events), utterance_seconds, event_seconds, record_bytes)
        self._tally = Tally(self._receiver.name)
        self._holder = utils.shortuuid("")
        self._record: Deliveries | None = None
        self._delivering: dict[str, tuple[Delivery, asyncio.Task[None]]] = {}
        self._looking: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} to {self._receiver.name}>"

    @property
    def delivered(self) -> int:
        """How many events this process has delivered."""
        return self._tally.delivered

    @property
    def dropped(self) -> int:
        """How many events this process has given up."""
        return self._tally.dropped

    def follow(self, record: Record) -> None:
        """Deliver what is appended to this record from now on; `Keeper` calls it.

        Raises:
            TypeError: The record does not keep how far receivers have got.
            RuntimeError: They follow another record.
        """
        if not isinstance(record, Deliveries):
            raise TypeError("webhooks need a SQLiteRecord, a RedisRecord, or a record with their methods")
        if self._record not in (None, record):
            raise RuntimeError("these Webhooks follow another record: make others for this one")
        record.deliver_to(self._name)
        self._record = record

    def tell(self, entry: Entry) -> None:
        """The record has kept an entry. Returns at once."""
        meeting = entry.meeting
        known = self._delivering.get(meeting)
        if known is None:
            known = self._begin(meeting)
        known[0].tell()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def flush(self, timeout_seconds: float) -> bool:
        """Wait until all is delivered, but not longer than this. Returns whether it is."""
        waiting = [asyncio.create_task(one.until_idle()) for one, _ in self._delivering.values()]
        if not waiting:
            return True
        _, late = await asyncio.wait(waiting, timeout=timeout_seconds)
        await utils.aio.cancel_and_wait(*late)
        return not late

    async def deliver_left(self, record: Record, timeout_seconds: float) -> bool:
        """Deliver what earlier processes have left; meetings that are being recorded are left alone.

        Args:
            record: Where they recorded.
            timeout_seconds: For how long to try.

        Returns:
            Whether nothing is left that could be delivered now.

        Raises:
            TypeError: The record does not keep how far receivers have got.
            RecordError: It cannot be read.
        """
        self.follow(record)
        left = asyncio.create_task(self._deliver_left())
        await asyncio.wait({left}, timeout=timeout_seconds)
        if left.done():
            left.result()
            return True
        self._looking = left
        await self.aclose()
        return False

    async def aclose(self) -> None:
        """Stop. Another process may go on with what is not delivered."""
        deliveries = [*self._delivering.values()]
        tasks = [task for _, task in deliveries] + ([self._looking] if self._looking else [])
        await utils.aio.cancel_and_wait(*tasks)
        self._looking = None
        self._delivering.clear()
        for delivery, task in deliveries:
            if task.cancelled():
                with contextlib.suppress(RecordError, asyncio.TimeoutError):  # then it waits for some seconds
                    await within(delivery.leave(), _LEAVE_SECONDS)

    def _begin(self, meeting: str, *, is_left: bool = False) -> tuple[Delivery, asyncio.Task[None]]:
        assert self._record is not None
        backlog = Backlog(self._record, Claim(self._name, meeting, self._holder))
        delivery = Delivery(backlog, self._receiver, self._limits, self._tally, is_left=is_left)
        task = asyncio.create_task(delivery.run())
        self._delivering[meeting] = delivery, task
        task.add_done_callback(lambda _: self._done(meeting, delivery))
        return delivery, task

    def _done(self, meeting: str, delivery: Delivery) -> None:
        known = self._delivering.get(meeting)
        if known is None or known[0] is not delivery:
            return
        del self._delivering[meeting]
        if delivery.has_news and not self._tally.is_gone:
            self._begin(meeting)[0].tell()  # it came as the meeting was over

    async def _look(self) -> None:
        """While there is a meeting, look for what earlier processes have left."""
        while self._delivering and not self._tally.is_gone:
            try:
                await self._deliver_left()
            except RecordError as error:
                logger.debug("the record cannot be read, so webhooks of others wait: %s", error)
            await asyncio.sleep(_LOOK_SECONDS * random.uniform(0.5, 1.5))

    async def _deliver_left(self) -> None:
        assert self._record is not None
        for meeting in await self._record.unfinished(self._name):
            if meeting not in self._delivering:
                await self._begin(meeting, is_left=True)[1]
