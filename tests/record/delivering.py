"""What each record promises to those who deliver webhooks."""

from __future__ import annotations

import asyncio

from fakes.record import MEETING, utterance

from livekit_plugins_azure_interpreter.record import Claim, Deliveries

MINE, THEIRS = Claim("receiver", MEETING, "mine"), Claim("receiver", MEETING, "theirs")


async def check_that_a_meeting_is_for_a_receiver_from_its_first_entry_on(record: Deliveries) -> None:
    await record.append([utterance(1), utterance(2)])
    record.deliver_to("receiver")
    assert await record.hold(MINE, seconds=30) is None, "nothing is for it yet"
    await record.append([utterance(2), utterance(3)])
    assert await record.unfinished("receiver") == [MEETING]
    assert await record.unfinished("another") == []
    assert await record.hold(MINE, seconds=30) == 1, "the second one was appended again"
    assert [one.number for one in await record.read_after(MEETING, 1, most=10)] == [2, 3]
    assert [one.number for one in await record.read_after(MEETING, 1, most=1)] == [2]


async def check_that_one_holds_a_meeting_at_a_time(record: Deliveries) -> None:
    record.deliver_to("receiver")
    await record.append([utterance(1), utterance(2)])
    assert await record.hold(MINE, seconds=30) == 0
    assert await record.unfinished("receiver") == []
    assert await record.hold(THEIRS, seconds=30, delivered=2) is None
    assert await record.hold(MINE, seconds=30, delivered=1) == 1
    assert await record.hold(MINE, seconds=30) == 1


async def check_that_a_holder_who_dies_leaves_the_meeting(record: Deliveries) -> None:
    record.deliver_to("receiver")
    await record.append([utterance(1)])
    assert await record.hold(MINE, seconds=0.01, delivered=1) == 1
    await asyncio.sleep(0.02)
    assert await record.unfinished("receiver") == [MEETING], "though all was delivered"
    assert await record.hold(THEIRS, seconds=30) == 1
    assert await record.hold(MINE, seconds=30) is None


async def check_that_a_meeting_is_finished_until_the_next_entry(record: Deliveries) -> None:
    record.deliver_to("receiver")
    await record.append([utterance(1)])
    await record.hold(MINE, seconds=30)
    assert await record.hold(MINE, seconds=0, delivered=1) == 1
    assert await record.unfinished("receiver") == []
    await record.append([utterance(2)])
    assert await record.unfinished("receiver") == [MEETING]
    assert await record.hold(THEIRS, seconds=30) == 1


async def check_that_a_deleted_meeting_begins_anew(record: Deliveries) -> None:
    record.deliver_to("receiver")
    await record.append([utterance(1), utterance(2)])
    await record.hold(MINE, seconds=30, delivered=2)
    await record.delete(MEETING)
    assert await record.unfinished("receiver") == []
    await record.append([utterance(3)])
    assert await record.hold(THEIRS, seconds=30) == 0


async def check_that_a_person_whose_words_are_deleted_leaves_nothing_to_deliver(record: Deliveries) -> None:
    record.deliver_to("receiver")
    await record.append([utterance(1), utterance(2, person="bob")])
    await record.hold(MINE, seconds=0, delivered=1)
    await record.delete(MEETING, person="bob")
    assert await record.unfinished("receiver") == []
