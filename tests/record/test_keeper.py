from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

import pytest
from fakes.clock import VirtualLoop, run
from fakes.record import MemoryRecord, utterance

from livekit_plugins_azure_interpreter.record import keeper as _keeper
from livekit_plugins_azure_interpreter.record.entries import Entry, Gap, Utterance
from livekit_plugins_azure_interpreter.record.keeper import CLOSE_SECONDS, Keeper
from livekit_plugins_azure_interpreter.record.redaction import WITHHELD


def in_virtual_time(test: Callable[[], Awaitable[None]]) -> None:
    async def held() -> None:
        await test()

    run(VirtualLoop(), held())


def ids(*numbers: int) -> list[str]:
    return [f"utterance-{number}" for number in numbers]


async def test_entries_are_kept_in_order_and_told_with_their_numbers() -> None:
    record = MemoryRecord()
    keeper = Keeper(record)
    told: list[Entry] = []
    keeper.on("entry_kept", told.append)
    keeper.put(utterance(1), utterance(2))
    keeper.put(utterance(3))
    assert await keeper.flush()
    assert record.ids == [entry.id for entry in told] == ids(1, 2, 3)
    assert [entry.number for entry in told] == [1, 2, 3]
    assert (keeper.kept, keeper.lost, keeper.waiting) == (3, 0, 0)


async def test_entries_are_told_only_once_they_are_kept() -> None:
    record = MemoryRecord()
    record.answers.clear()
    keeper = Keeper(record)
    told: list[Entry] = []
    keeper.on("entry_kept", told.append)
    keeper.put(utterance())
    while not record.tries:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert told == []
    record.answers.set()
    assert await keeper.flush()
    assert len(told) == 1


def test_entries_wait_while_the_record_is_away_and_are_kept_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def test() -> None:
        record = MemoryRecord()
        keeper = Keeper(record)
        record.go_away()
        for number in range(1, 301):
            keeper.put(utterance(number))
            await asyncio.sleep(0.1)
        assert keeper.waiting == 300
        record.come_back()
        await asyncio.sleep(2.0)
        assert record.ids == ids(*range(1, 301))
        assert keeper.waiting == 0

    in_virtual_time(test)
    told = [one.getMessage() for one in caplog.records if one.name.startswith("livekit.plugins")]
    assert len(told) == 2
    assert "it is away" in told[0]
    assert "written again" in told[1]
    assert "sentence" not in caplog.text


def test_a_record_that_raises_anything_is_tried_again() -> None:
    async def test() -> None:
        record = MemoryRecord()
        record.error = LookupError("sentence")
        keeper = Keeper(record)
        keeper.put(utterance())
        await asyncio.sleep(1.0)
        record.come_back()
        await asyncio.sleep(2.0)
        assert record.ids == ids(1)

    in_virtual_time(test)


def test_a_record_without_an_answer_is_tried_again() -> None:
    async def test() -> None:
        record = MemoryRecord()
        record.answers.clear()
        keeper = Keeper(record)
        keeper.put(utterance())
        await asyncio.sleep(60.0)
        assert record.tries > 1
        record.answers.set()
        await asyncio.sleep(2.0)
        assert record.ids == ids(1)

    in_virtual_time(test)


def test_entries_beyond_the_limit_are_lost_and_the_record_says_how_many() -> None:
    async def test() -> None:
        record = MemoryRecord()
        record.go_away()
        keeper = Keeper(record, max_waiting=2)
        keeper.put(utterance(1), utterance(2), utterance(3))
        keeper.put(utterance(4))
        assert (keeper.waiting, keeper.lost) == (2, 2)
        record.come_back()
        await asyncio.sleep(1.0)
        *kept, gap = record.entries
        assert [entry.id for entry in kept] == ids(1, 2)
        assert isinstance(gap, Gap)
        assert gap.entries == 2
        keeper.put(utterance(5))
        assert await keeper.flush()
        assert record.ids[-1:] == ids(5), "and the gap only once"

    in_virtual_time(test)


def test_closing_waits_for_a_limited_time_and_counts_what_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        record = MemoryRecord()
        record.go_away()
        keeper = Keeper(record)
        keeper.put(utterance(1), utterance(2))
        began = asyncio.get_running_loop().time()
        await keeper.aclose()
        assert asyncio.get_running_loop().time() - began <= CLOSE_SECONDS + 0.1
        assert (keeper.lost, keeper.waiting) == (2, 0)

    in_virtual_time(test)
    assert "2 entries were not kept" in caplog.text


async def test_a_keeper_that_has_nothing_closes_at_once() -> None:
    keeper = Keeper(MemoryRecord())
    await keeper.aclose()
    assert keeper.lost == 0


async def test_a_keeper_goes_on_after_it_was_closed() -> None:
    """Several meetings of a process may share it."""
    record = MemoryRecord()
    keeper = Keeper(record)
    await keeper.aclose()
    keeper.put(utterance())
    assert await keeper.flush()
    assert record.ids == ids(1)


async def test_texts_are_redacted_in_a_thread_before_they_are_kept() -> None:
    threads: list[threading.Thread] = []

    def redact(text: str) -> str:
        threads.append(threading.current_thread())
        return text.upper()

    record = MemoryRecord()
    keeper = Keeper(record, redact=redact)
    keeper.put(utterance())
    assert await keeper.flush()
    (said,) = record.entries
    assert isinstance(said, Utterance)
    assert said.text == "SENTENCE 1"
    assert threading.main_thread() not in threads


async def test_texts_are_not_kept_if_redact_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_keeper, "_REDACT_SECONDS", 0.01)
    goes_on = threading.Event()

    def redact(text: str) -> str:
        goes_on.wait()
        return text

    record = MemoryRecord()
    keeper = Keeper(record, redact=redact)
    keeper.put(utterance())
    assert await keeper.flush()
    goes_on.set()
    (said,) = record.entries
    assert isinstance(said, Utterance)
    assert said.text == WITHHELD


def test_a_keeper_for_a_meeting_closes_at_its_end() -> None:
    async def test() -> None:
        record = MemoryRecord()
        record.go_away()
        keeper, kept = Keeper.of(record)
        keeper.put(utterance())
        await kept()
        assert (keeper.lost, keeper.waiting) == (1, 0)

    in_virtual_time(test)


def test_a_keeper_that_meetings_share_goes_on_after_one() -> None:
    async def test() -> None:
        record = MemoryRecord()
        record.go_away()
        shared = Keeper(record)
        keeper, kept = Keeper.of(shared)
        assert keeper is shared
        keeper.put(utterance())
        await kept()
        record.come_back()
        await asyncio.sleep(2.0)
        assert record.ids == ids(1)

    in_virtual_time(test)


@pytest.mark.parametrize("number", [0, 1.5, True])
def test_max_waiting_must_be_a_positive_number(number: int) -> None:
    with pytest.raises(ValueError, match="max_waiting must be"):
        Keeper(MemoryRecord(), max_waiting=number)


class _Webhooks:
    """Stands in for `Webhooks`."""

    def __init__(self) -> None:
        self.record: object = None
        self.told: list[Entry] = []
        self.flushed_seconds = -1.0
        self.is_closed = False

    def follow(self, record: object) -> None:
        self.record = record

    def tell(self, entry: Entry) -> None:
        self.told.append(entry)

    async def flush(self, timeout_seconds: float) -> bool:
        self.flushed_seconds = timeout_seconds
        return False

    async def aclose(self) -> None:
        self.is_closed = True


def test_a_keeper_gives_webhooks_what_is_kept_and_the_rest_of_the_time() -> None:
    async def test() -> None:
        record, webhooks = MemoryRecord(), _Webhooks()
        keeper = Keeper(record, webhooks=[webhooks])  # type: ignore[list-item]
        record.go_away()
        keeper.put(utterance())
        await asyncio.sleep(1.0)
        assert (webhooks.record, webhooks.told) == (record, [])
        asyncio.get_running_loop().call_later(0.5, record.come_back)
        assert await keeper.flush(), "it is kept, whatever the webhooks do"
        assert webhooks.told == record.entries
        assert CLOSE_SECONDS - 2.0 < webhooks.flushed_seconds < CLOSE_SECONDS - 0.4
        await keeper.aclose()
        assert webhooks.is_closed

    in_virtual_time(test)
