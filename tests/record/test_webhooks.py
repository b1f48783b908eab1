"""Webhooks of recorded meetings, to a receiver on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.record import MEETING, MemoryRecord, utterance
from fakes.webhook_receiver import SECRET, WebhookReceiver

from livekit_plugins_azure_interpreter.record import (
    Ended,
    Entry,
    Keeper,
    RecordError,
    SQLiteRecord,
    Started,
    Utterance,
    Webhooks,
)
from livekit_plugins_azure_interpreter.record import keeper as _keeper
from livekit_plugins_azure_interpreter.record import webhook_backlog as _webhook_backlog
from livekit_plugins_azure_interpreter.record import webhooks as _webhooks

pytestmark = pytest.mark.native


def said(number: int, meeting: str = MEETING) -> Utterance:
    return utterance(number, at=time.time(), meeting=meeting)


def started(meeting: str = MEETING) -> Started:
    return Started(id="start", meeting=meeting, at=time.time(), room="standup")


def ended(meeting: str = MEETING) -> Ended:
    return Ended(id="end", meeting=meeting, at=time.time())


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[SQLiteRecord]:
    record = SQLiteRecord(tmp_path / "meetings.db")
    yield record
    await within(record.aclose())


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The meetings of a dead process are taken up at once, and an end hardly waits for a receiver."""
    monkeypatch.setattr(_keeper, "CLOSE_SECONDS", 0.5)
    monkeypatch.setattr(_webhook_backlog, "HELD_SECONDS", 2.0)
    monkeypatch.setattr(_webhook_backlog, "_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(_webhooks, "_LOOK_SECONDS", 0.05)


async def test_a_meeting_is_told_from_its_start_to_its_end(
    record: SQLiteRecord, receiver: WebhookReceiver
) -> None:
    webhooks = Webhooks(receiver.url, SECRET)
    keeper = Keeper(record, webhooks=[webhooks])
    keeper.put(started(), said(1))
    await receiver.until(2)
    keeper.put(said(2), ended())
    assert await within(keeper.flush())
    assert receiver.types == ["meeting.started", "meeting.utterance", "meeting.utterance", "meeting.ended"]
    utterances = receiver.got[-1].body["data"]["record"]["utterances"]
    assert [one["text"] for one in utterances] == receiver.texts == ["sentence 1", "sentence 2"]
    assert (webhooks.delivered, webhooks.dropped) == (4, 0)
    await within(keeper.aclose())


async def test_a_meeting_that_goes_on_after_its_end_is_told(
    record: SQLiteRecord, receiver: WebhookReceiver
) -> None:
    keeper = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    for number in range(1, 11):
        keeper.put(Started(id=f"s{number}", meeting=MEETING, at=time.time()), said(number))
        keeper.put(Ended(id=f"e{number}", meeting=MEETING, at=time.time()))
        await asyncio.sleep(0)
        await receiver.until(3 * number)
    assert [one.number for one in receiver.got] == [*range(1, 31)]
    resumed = [one.body["data"]["resumed"] for one in receiver.got if one.type == "meeting.started"]
    assert resumed == [False] + [True] * 9
    await within(keeper.aclose())


async def test_two_receivers_get_what_each_wants(record: SQLiteRecord, receiver: WebhookReceiver) -> None:
    async with WebhookReceiver() as other:
        both = [Webhooks(receiver.url, SECRET), Webhooks(other.url, SECRET, events=["meeting.ended"])]
        keeper = Keeper(record, webhooks=both)
        keeper.put(said(1), ended())
        await within(keeper.flush())
        assert (receiver.types, other.types) == (["meeting.utterance", "meeting.ended"], ["meeting.ended"])
        await within(keeper.aclose())


async def test_a_slow_receiver_holds_up_neither_the_record_nor_for_long_the_end(
    record: SQLiteRecord, receiver: WebhookReceiver
) -> None:
    receiver.opens.clear()
    webhooks = Webhooks(receiver.url, SECRET)
    keeper = Keeper(record, webhooks=[webhooks])
    keeper.put(started(), *(said(number) for number in range(1, 2001)))
    while keeper.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert (keeper.kept, receiver.tries <= 1, webhooks.delivered) == (2001, True, 0)
    assert await within(keeper.flush(0.1)), "all is kept"
    assert not await within(webhooks.flush(0.0))
    await within(keeper.aclose())


async def test_the_next_process_delivers_what_one_does_not(
    record: SQLiteRecord, receiver: WebhookReceiver
) -> None:
    receiver.opens.clear()
    first = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    first.put(started(), said(1), ended())
    await receiver.until_tried(1)
    await within(first.flush(0.1))
    await within(first.aclose())
    receiver.opens.set()
    second = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    second.put(started("RM_two"))
    await receiver.until(4)
    by_meeting = [(one.body["data"]["meeting"], one.type) for one in receiver.got if one.id]
    assert set(by_meeting) == {
        (MEETING, "meeting.started"),
        (MEETING, "meeting.utterance"),
        (MEETING, "meeting.ended"),
        ("RM_two", "meeting.started"),
    }
    await within(second.aclose())


async def test_an_event_has_the_same_id_from_another_process(
    record: SQLiteRecord, receiver: WebhookReceiver
) -> None:
    receiver.answers.append((500, {}))
    for _ in range(2):
        keeper = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
        keeper.put(said(1))
        await receiver.until_tried(1)
        await within(keeper.aclose())
    keeper = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    keeper.put(said(1))
    await receiver.until(1)
    await within(keeper.aclose())
    assert len({one.id for one in receiver.got}) == 1


async def _until_free(record: SQLiteRecord, webhooks: Webhooks) -> None:
    """On a busy machine a process cannot always say that it ends; then its claim ends by itself."""

    async def wait() -> None:
        while not await record.unfinished(webhooks._name):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    await within(wait())


async def test_webhooks_deliver_what_was_left_without_a_meeting(
    record: SQLiteRecord, receiver: WebhookReceiver
) -> None:
    receiver.opens.clear()
    keeper = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    keeper.put(said(1), ended())
    await receiver.until_tried(1)
    await within(keeper.aclose())
    webhooks = Webhooks(receiver.url, SECRET)
    await _until_free(record, webhooks)
    assert not await within(webhooks.deliver_left(record, 0.2))
    await _until_free(record, webhooks)
    receiver.opens.set()
    assert await within(webhooks.deliver_left(record, 10.0))
    assert set(receiver.types) == {"meeting.utterance", "meeting.ended"}
    assert await within(webhooks.deliver_left(record, 10.0)), "nothing is left"


async def test_webhooks_deliver_nothing_from_no_record(tmp_path: Path) -> None:
    record = SQLiteRecord(tmp_path / "none.db")
    with pytest.raises(RecordError, match="there is no record at"):
        await within(Webhooks("https://example.com", SECRET).deliver_left(record, 1.0))
    await within(record.aclose())


async def test_a_meeting_before_the_webhooks_is_not_told(
    record: SQLiteRecord, receiver: WebhookReceiver
) -> None:
    await record.append([said(1, "RM_old"), ended("RM_old")])
    keeper = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    keeper.put(started(), ended())
    await within(keeper.flush())
    await within(keeper.aclose())
    assert receiver.types == ["meeting.started", "meeting.ended"]


async def test_a_receiver_that_is_gone_is_asked_once(record: SQLiteRecord, receiver: WebhookReceiver) -> None:
    receiver.answers.append((410, {}))
    keeper = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    for number in range(1, 5):
        keeper.put(said(number))
        await within(keeper.flush())
    keeper.put(said(1, "RM_two"))
    await within(keeper.flush())
    assert receiver.tries == 1
    await within(keeper.aclose())


async def test_a_record_that_is_away_does_not_stop_the_look_for_what_was_left(
    receiver: WebhookReceiver, until: Until
) -> None:
    record = MemoryRecord()
    keeper = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    keeper.put(said(1))
    await receiver.until(1)
    record.go_away()
    await asyncio.sleep(0.2)
    record.come_back()
    keeper.put(said(2))
    await receiver.until(2)
    await within(keeper.aclose())


async def test_a_record_that_is_away_does_not_hold_up_the_end(receiver: WebhookReceiver) -> None:
    record = MemoryRecord()
    keeper = Keeper(record, webhooks=[Webhooks(receiver.url, SECRET)])
    keeper.put(said(1))
    await receiver.until(1)
    record.go_away()
    await within(keeper.aclose())


def test_webhooks_show_neither_their_secret_nor_their_address() -> None:
    webhooks = Webhooks("https://example.com/sesame?key=sesame", SECRET)
    assert repr(webhooks) == "<Webhooks to example.com>"
    assert SECRET not in repr(vars(webhooks))


def test_webhooks_need_a_record_that_keeps_how_far_they_got() -> None:
    class OwnRecord:
        async def append(self, entries: list[Entry]) -> list[Entry]:
            return entries

    with pytest.raises(TypeError, match="webhooks need a SQLiteRecord, a RedisRecord"):
        Keeper(OwnRecord(), webhooks=[Webhooks("https://example.com", SECRET)])  # type: ignore[arg-type]


def test_webhooks_follow_one_record(tmp_path: Path) -> None:
    webhooks = Webhooks("https://example.com", SECRET)
    Keeper(SQLiteRecord(tmp_path / "one.db"), webhooks=[webhooks])
    with pytest.raises(RuntimeError, match="follow another record"):
        Keeper(SQLiteRecord(tmp_path / "two.db"), webhooks=[webhooks])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"events": ["meeting.began"]}, "events must be among meeting.started, "),
        ({"utterance_seconds": 0}, "utterance_seconds must be"),
        ({"event_seconds": -1}, "event_seconds must be"),
        ({"record_bytes": -1}, "record_bytes must be"),
        ({"secret": ()}, "secret is empty"),
        ({"url": "example.com"}, "url must be an address"),
    ],
)
def test_webhooks_refuse_what_is_malformed(option: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Webhooks(**{"url": "https://example.com", "secret": SECRET, **option})  # type: ignore[arg-type]
