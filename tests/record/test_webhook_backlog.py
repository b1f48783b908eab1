from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from fakes.clock import VirtualLoop, run
from fakes.record import MEETING, MemoryRecord, utterance

from livekit_plugins_azure_interpreter.record import Claim, Ended
from livekit_plugins_azure_interpreter.record.webhook_backlog import HELD_SECONDS, Backlog, LostError


def in_virtual_time(test: Callable[[MemoryRecord, Backlog], Awaitable[None]]) -> None:
    async def held() -> None:
        record = MemoryRecord()
        record.deliver_to("receiver")
        await record.append([utterance(1), utterance(2)])
        await test(record, backlog(record, "mine"))

    run(VirtualLoop(), held())


def backlog(record: MemoryRecord, holder: str) -> Backlog:
    return Backlog(record, Claim("receiver", MEETING, holder))


def test_a_backlog_begins_after_what_was_delivered() -> None:
    async def test(record: MemoryRecord, mine: Backlog) -> None:
        assert await mine.take(patiently=True) == 0
        await mine.keep(1)
        assert [one.number for one in await mine.after(1, 10)] == [2]
        await mine.leave()
        await asyncio.sleep(0.01)
        assert await backlog(record, "theirs").take(patiently=False) == 1

    in_virtual_time(test)


def test_a_backlog_is_taken_once_its_holder_is_dead() -> None:
    async def test(record: MemoryRecord, mine: Backlog) -> None:
        await mine.take(patiently=True)
        theirs = backlog(record, "theirs")
        assert await theirs.take(patiently=False) is None
        began = asyncio.get_running_loop().time()
        assert await theirs.take(patiently=True) == 0
        assert HELD_SECONDS <= asyncio.get_running_loop().time() - began <= HELD_SECONDS + 1
        with pytest.raises(LostError):
            await mine.keep(2)

    in_virtual_time(test)


def test_a_backlog_that_is_finished_is_left_to_nobody() -> None:
    async def test(record: MemoryRecord, mine: Backlog) -> None:
        await mine.take(patiently=True)
        await mine.finish(2)
        assert await record.unfinished("receiver") == []

    in_virtual_time(test)


def test_a_backlog_waits_while_the_record_is_away_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    async def test(record: MemoryRecord, mine: Backlog) -> None:
        record.go_away()
        taking = asyncio.create_task(mine.take(patiently=True))
        await asyncio.sleep(60)
        assert not taking.done()
        record.come_back()
        assert await taking == 0

    caplog.set_level(logging.INFO)
    in_virtual_time(test)
    (line,) = [one.getMessage() for one in caplog.records if one.name.startswith("livekit.plugins")]
    assert line == "webhooks wait for the record, and then go on: it is away"


def test_a_backlog_has_the_meeting_up_to_an_entry() -> None:
    async def test(record: MemoryRecord, mine: Backlog) -> None:
        first, second = record.entries
        assert await mine.until(first) == [first]
        assert await mine.until(second) == [first, second]
        record.entries.clear()
        assert await mine.until(second) == [second], "the others were deleted meanwhile"

    in_virtual_time(test)


def test_a_backlog_writes_the_end_that_is_missing_once() -> None:
    async def test(record: MemoryRecord, mine: Backlog) -> None:
        last = record.entries[-1]
        await mine.end(last)
        await mine.end(last)
        end = record.entries[-1]
        assert isinstance(end, Ended)
        assert (end.at, end.number) == (last.at, 3)

    in_virtual_time(test)
