"""The interpreter's participant attributes hold, whatever becomes of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fakes.clock import VirtualLoop, run
from fakes.livekit_room import FakeLiveKitRoom

from livekit_plugins_azure_interpreter._meeting import participant_attributes as _attributes
from livekit_plugins_azure_interpreter._meeting.participant_attributes import (
    _CLEAR_SECONDS,
    _HOLD_SECONDS,
    ParticipantAttributes,
)

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
async def fake() -> FakeLiveKitRoom:
    return FakeLiveKitRoom()


@pytest.fixture
async def attributes(fake: FakeLiveKitRoom) -> ParticipantAttributes:
    return ParticipantAttributes(fake)  # type: ignore[arg-type]


async def test_the_latest_value_holds_and_an_empty_one_takes_it_back(
    fake: FakeLiveKitRoom, attributes: ParticipantAttributes, until: Until
) -> None:
    attributes.set({"a": "1", "b": "1"})
    attributes.set({"a": "2"})
    attributes.set({"b": ""})
    await until(lambda: fake.local_participant.attributes == {"a": "2"})


async def test_an_attribute_set_while_disconnected_is_set_after_the_reconnect(
    fake: FakeLiveKitRoom, attributes: ParticipantAttributes, until: Until
) -> None:
    attributes.set({"before": "1"})
    await until(lambda: fake.local_participant.attributes)
    fake.local_participant.unheard = True
    attributes.set({"meanwhile": "1"})
    await asyncio.sleep(0)
    attributes.set({"before": ""})
    fake.local_participant.unheard = False
    attributes.set_again()
    await until(lambda: fake.local_participant.attributes == {"meanwhile": "1"})


async def test_an_attribute_that_a_restarted_server_forgot_is_set_again(
    fake: FakeLiveKitRoom, attributes: ParticipantAttributes, until: Until
) -> None:
    attributes.set({"a": "1"})
    await until(lambda: fake.local_participant.attributes)
    fake.local_participant.attributes.clear()
    attributes.set_again()
    await until(lambda: fake.local_participant.attributes == {"a": "1"})


async def test_a_token_that_forbids_attributes_is_a_warning(
    fake: FakeLiveKitRoom,
    attributes: ParticipantAttributes,
    until: Until,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_attributes, "_HOLD_SECONDS", 0.0)
    fake.local_participant.may_set_attributes = False
    attributes.set({"interpreter": "ready"})
    await until(lambda: "canUpdateOwnMetadata" in caplog.text)
    assert "attributes interpreter of" in caplog.text


@pytest.mark.parametrize("is_lost", [False, True], ids=["held", "connection lost"])
def test_attributes_that_are_held_or_whose_connection_is_lost_are_no_warning(
    caplog: pytest.LogCaptureFixture, is_lost: bool
) -> None:
    async def hold() -> None:
        fake = FakeLiveKitRoom()
        ParticipantAttributes(fake).set({"a": "1"})  # type: ignore[arg-type]
        await asyncio.sleep(_HOLD_SECONDS / 2)
        if is_lost:
            fake.connected = False
            fake.local_participant.attributes.clear()
        await asyncio.sleep(_HOLD_SECONDS)

    run(VirtualLoop(), hold())
    assert caplog.text == ""


async def test_a_request_that_fails_is_a_warning_and_the_next_one_is_sent(
    fake: FakeLiveKitRoom,
    attributes: ParticipantAttributes,
    until: Until,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake.local_participant.fails = True
    attributes.set({"a": "a value"})
    await until(lambda: "could not set the interpreter's participant attributes: RuntimeError" in caplog.text)
    assert "a value" not in caplog.text
    fake.local_participant.fails = False
    attributes.set({"b": "1"})
    await until(lambda: fake.local_participant.attributes == {"b": "1"})


async def test_no_request_is_sent_where_no_attribute_was_set(
    fake: FakeLiveKitRoom, attributes: ParticipantAttributes, caplog: pytest.LogCaptureFixture
) -> None:
    fake.local_participant.fails = True
    attributes.set_again()
    await attributes.clear()
    assert caplog.text == ""


async def test_nothing_is_sent_to_a_room_that_is_not_connected(
    fake: FakeLiveKitRoom, attributes: ParticipantAttributes
) -> None:
    fake.connected = False
    attributes.set({"a": "1"})
    await attributes.clear()
    assert fake.local_participant.attributes == {}


async def test_no_attribute_is_left_in_the_end(
    fake: FakeLiveKitRoom, attributes: ParticipantAttributes, until: Until
) -> None:
    attributes.set({"a": "1", "b": "1"})
    await until(lambda: fake.local_participant.attributes)
    await attributes.clear()
    assert fake.local_participant.attributes == {}


def test_an_end_while_the_connection_is_lost_waits_a_second_and_leaves_nothing_running() -> None:
    async def end() -> None:
        fake = FakeLiveKitRoom()
        attributes = ParticipantAttributes(fake)  # type: ignore[arg-type]
        fake.local_participant.unheard = True
        attributes.set({"a": "1"})
        began_at = asyncio.get_running_loop().time()
        await attributes.clear()
        assert asyncio.get_running_loop().time() - began_at == _CLEAR_SECONDS
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(VirtualLoop(), end())
