"""The record in a real Redis server, which each test may kill."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.record import MEETING, utterance
from fakes.redis_server import RedisServer

from livekit_plugins_azure_interpreter.record import redis_record as _redis_record
from livekit_plugins_azure_interpreter.record.deliveries import Claim
from livekit_plugins_azure_interpreter.record.entries import Entry, Started
from livekit_plugins_azure_interpreter.record.keeper import Keeper
from livekit_plugins_azure_interpreter.record.record import Meeting, RecordError
from livekit_plugins_azure_interpreter.record.redis_record import RedisRecord

from . import delivering

pytestmark = pytest.mark.native


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture
async def record(server: RedisServer) -> AsyncIterator[RedisRecord]:
    record = RedisRecord(server.url)
    yield record
    await within(record.aclose())


CHECKS = [check for name, check in sorted(vars(delivering).items()) if name.startswith("check_")]


def numbers(entries: Sequence[Entry]) -> list[tuple[int, str]]:
    return [(entry.number, entry.id) for entry in entries]


async def test_entries_are_read_with_their_numbers(record: RedisRecord) -> None:
    kept = await record.append([utterance(1), utterance(2)])
    assert await record.read(MEETING) == kept
    assert numbers(kept) == [(1, "utterance-1"), (2, "utterance-2")]


async def test_an_entry_that_is_there_already_is_kept_once_with_its_number(record: RedisRecord) -> None:
    await record.append([utterance(1), utterance(2)])
    assert numbers(await record.append([utterance(2), utterance(3)])) == [
        (2, "utterance-2"),
        (3, "utterance-3"),
    ]
    assert len(await record.read(MEETING)) == 3


async def test_a_meeting_of_several_pages_is_read_whole(record: RedisRecord) -> None:
    for first in range(0, 2500, 500):
        await record.append([utterance(number) for number in range(first, first + 500)])
    assert [entry.number for entry in await record.read(MEETING)] == [*range(1, 2501)]


async def test_meetings_are_listed_with_their_rooms(record: RedisRecord) -> None:
    started = Started(id="s", meeting=MEETING, at=900.0, room="standup")
    await record.append([utterance(5, meeting="RM_other"), started, utterance(1)])
    assert await record.meetings() == [
        Meeting(MEETING, "standup", 900.0, 1003.0, 2),
        Meeting("RM_other", "", 1007.0, 1007.0, 1),
    ]


async def test_a_persons_entries_are_deleted_in_one_meeting(record: RedisRecord) -> None:
    others = [utterance(3, person="bob"), utterance(1, meeting="RM_other")]
    await record.append([utterance(1), utterance(2), *others])
    assert await record.delete(MEETING, person="alice") == 2
    assert numbers(await record.read(MEETING)) == [(3, "utterance-3")]
    assert len(await record.read("RM_other")) == 1


async def test_a_person_who_is_not_there_deletes_nothing(record: RedisRecord) -> None:
    await record.append([utterance()])
    assert await record.delete(MEETING, person="bob") == 0
    assert len(await record.read(MEETING)) == 1


async def test_a_meeting_is_deleted_as_a_whole(record: RedisRecord) -> None:
    await record.append([utterance(1), utterance(1, meeting="RM_other")])
    assert await record.delete(MEETING) == 1
    assert await record.read(MEETING) == []
    assert [meeting.id for meeting in await record.meetings()] == ["RM_other"]


async def test_a_meeting_without_entries_is_not_listed(record: RedisRecord) -> None:
    await record.append([utterance()])
    await record.delete(MEETING, person="alice")
    assert await record.meetings() == []


async def test_a_long_meeting_loses_its_first_entries(server: RedisServer) -> None:
    record = RedisRecord(server.url, max_entries=200)
    for number in range(1000):
        await record.append([utterance(number)])
    kept = await record.read(MEETING)
    assert 200 <= len(kept) < 400, "Redis removes them some at a time"
    assert [entry.number for entry in kept] == [*range(1001 - len(kept), 1001)]
    await record.aclose()


async def test_old_entries_are_deleted(server: RedisServer, until: Until) -> None:
    record = RedisRecord(server.url, keep_days=1 / 86400)
    await record.append([utterance(1)])
    read: list[Entry] = [utterance(1)]
    while read:
        read = [*await within(record.read(MEETING))]
        await asyncio.sleep(0.01)
    assert await record.meetings() == []
    await record.aclose()


async def test_old_entries_of_a_meeting_that_goes_on_are_deleted(server: RedisServer) -> None:
    record = RedisRecord(server.url, keep_days=1 / 86400)
    await record.append([utterance(1)])
    kept_at, first, number = time.monotonic(), utterance(1).id, 1
    while first in [entry.id for entry in await record.read(MEETING)]:
        number += 1
        await record.append([utterance(number)])
        await asyncio.sleep(0.05)
    assert time.monotonic() - kept_at >= 1.0, "no entry is deleted before its time"
    await record.aclose()


async def test_a_damaged_entry_is_an_error_that_says_so(record: RedisRecord) -> None:
    await record.append([utterance()])
    stream = "azure_interpreter:record:{RM_one}:entries"
    await record._redis.xadd(stream, {"number": 2, "person": "", "entry": "{"})
    with pytest.raises(RecordError, match="damaged"):
        await record.read(MEETING)


async def test_an_absent_redis_is_an_error_that_says_so(server: RedisServer, record: RedisRecord) -> None:
    server.kill()
    with pytest.raises(RecordError, match="Redis: "):
        await record.append([utterance()])


@pytest.mark.parametrize("is_replaced", [False, True])
async def test_entries_wait_while_redis_is_away_and_follow_once_each(
    server: RedisServer,
    record: RedisRecord,
    until: Until,
    caplog: pytest.LogCaptureFixture,
    is_replaced: bool,
) -> None:
    caplog.set_level(logging.INFO)
    keeper = Keeper(record)
    keeper.put(*map(utterance, range(1, 101)))
    assert await keeper.flush()
    server.kill()
    keeper.put(*map(utterance, range(101, 201)))
    await until(lambda: "cannot be written" in caplog.text)
    keeper.put(*map(utterance, range(201, 301)))
    if is_replaced:
        server.forget()
    server.start()
    assert await keeper.flush(30.0)
    read = [entry.id for entry in await record.read(MEETING)]
    assert read == [f"utterance-{number}" for number in range(101 if is_replaced else 1, 301)]
    assert caplog.text.count("cannot be written") == 1
    assert "sentence" not in caplog.text


async def test_each_told_entry_is_there_once_however_often_redis_is_killed(
    server: RedisServer, record: RedisRecord
) -> None:
    keeper = Keeper(record)
    told: list[Entry] = []
    keeper.on("entry_kept", told.append)
    for outage in range(5):
        for number in range(100 * outage, 100 * outage + 100):
            keeper.put(utterance(number))
            await asyncio.sleep(0.001)
            if number % 100 == 10 * outage + 30:
                server.kill()
                before = [*told]
            elif number % 100 == 10 * outage + 50:
                server.start()
                kept = {entry.id for entry in await within(record.read(MEETING))}
                assert kept >= {entry.id for entry in before}
    assert await keeper.flush(30.0)
    read = await record.read(MEETING)
    assert read == told
    assert [entry.number for entry in read] == [*range(1, 501)]


class TestArguments:
    def test_a_wrong_address_is_told_at_once(self) -> None:
        with pytest.raises(ValueError, match="Redis URL must specify"):
            RedisRecord("localhost:6379")

    def test_numbers_must_be_positive(self) -> None:
        with pytest.raises(ValueError, match="keep_days must be"):
            RedisRecord("redis://localhost", keep_days=0)
        with pytest.raises(ValueError, match="max_entries must be"):
            RedisRecord("redis://localhost", max_entries=0)

    def test_a_missing_package_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "redis.asyncio", None)
        with pytest.raises(ImportError, match=r"needs the extra \[redis\].* pip install redis$"):
            RedisRecord("redis://localhost")


async def test_the_latest_meeting_of_a_room_is_found(record: RedisRecord) -> None:
    assert await record.latest("standup") is None
    for at, meeting in enumerate(["RM_one", "RM_two"], 1):
        await record.append([Started(id="1", meeting=meeting, at=float(at), room="standup")])
    await record.append([utterance(1, meeting="RM_two")])
    assert await record.latest("standup") == Meeting("RM_two", "standup", 2.0, 1003.0, 2)
    await record.delete("RM_two")
    assert await record.latest("standup") is None


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_that_"))
async def test_the_deliveries_of_meetings_are_kept(
    record: RedisRecord, check: Callable[[RedisRecord], Awaitable[None]]
) -> None:
    await within(check(record))


async def test_the_deliveries_of_a_long_meeting_are_read_in_pages(record: RedisRecord) -> None:
    for first in range(0, 2500, 500):
        await record.append([utterance(number) for number in range(first, first + 500)])
    page = await record.read_after(MEETING, 300, most=5)
    assert [entry.number for entry in page] == [301, 302, 303, 304, 305]


async def test_the_deliveries_of_a_finished_meeting_are_struck_from_the_list(
    record: RedisRecord, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.deliver_to("receiver")
    await record.append([utterance(1)])
    await record.hold(Claim("receiver", MEETING, "mine"), seconds=0, delivered=1)
    listed = "azure_interpreter:deliveries:receiver"
    assert await record.unfinished("receiver") == []
    assert await record._redis.zcard(listed) == 1, "an append may be under way"
    monkeypatch.setattr(_redis_record, "_QUIET_SECONDS", -1.0)
    assert await record.unfinished("receiver") == []
    assert await record._redis.zcard(listed) == 0
    await record.append([utterance(2)])
    assert await record.unfinished("receiver") == [MEETING]
