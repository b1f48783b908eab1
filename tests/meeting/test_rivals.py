from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.fixtures import Until
from fakes.livekit_room import FakeLiveKitRoom, Person
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting import rivals as _rivals
from livekit_plugins_azure_interpreter._meeting.rivals import ALIVE_METHOD, ATTRIBUTE_SINCE, Rivals

pytestmark = pytest.mark.native

_AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


class Stage:
    """One interpreter, of which the test makes the room.

    Attributes:
        now: Its time.
        gave_way_to: Whom it gave way to.
        told: What it told of itself, last.
    """

    def __init__(self) -> None:
        self.room: Any = FakeLiveKitRoom()
        self.now = 1000.0
        self.gave_way_to: list[str] = []
        self.told: dict[str, str] = {}
        self.rivals = Rivals(self.room, self.gave_way_to.append, now=lambda: self.now)

    def another(self, since: str | None, *, kind: int = _AGENT, ready: str = "ready") -> Person:
        """Another interpreter comes."""
        person: Person = self.room.join("another", interpreter=ready)
        person.kind = kind
        if since is not None:
            person.attributes[ATTRIBUTE_SINCE] = since
        self.room.emit("participant_attributes_changed", {}, person)
        return person

    async def settle(self) -> None:
        for _ in range(9):
            await asyncio.sleep(0)


@pytest.fixture
async def stage() -> Any:
    stage = Stage()
    yield stage
    await stage.rivals.aclose()


@pytest.mark.parametrize(
    ("since", "fields", "is_ahead"),
    [
        ("900.0", {}, True),
        ("1100.0", {}, False),
        ("1000.0", {}, True),  # its identity comes first
        (None, {}, False),
        ("soon", {}, False),
        ("900.0", {"ready": ""}, False),
        ("900.0", {"kind": rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD}, False),
    ],
)
async def test_another_interpreter_is_ahead_if_it_serves_the_room_for_longer(
    stage: Stage, since: str | None, fields: Any, *, is_ahead: bool
) -> None:
    stage.another(since, **fields)
    assert await stage.rivals.leader() == ("another" if is_ahead else None)


@pytest.mark.parametrize("error", [rtc.RpcError(1501, "Connection timeout"), None])
async def test_an_interpreter_that_does_not_answer_is_no_rival(
    stage: Stage, error: rtc.RpcError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_rivals, "_ANSWER_SECONDS", 0.01)
    stage.room.local_participant.rpc_errors["another"] = error
    stage.another("900.0")
    assert await stage.rivals.leader() is None


async def test_an_interpreter_that_knows_no_calls_lives(stage: Stage) -> None:
    stage.room.local_participant.rpc_errors["another"] = rtc.RpcError(1400, "Method not supported")
    stage.another("900.0")
    assert await stage.rivals.leader() == "another"


async def test_an_interpreter_tells_since_when_it_serves_and_answers_calls(stage: Stage) -> None:
    stage.rivals.watch(stage.told.update)
    assert stage.told == {ATTRIBUTE_SINCE: "1000.000"}
    assert stage.room.local_participant.rpc_methods.keys() == {ALIVE_METHOD}
    assert await stage.room.local_participant.rpc_methods[ALIVE_METHOD](None) == "ready"
    await stage.rivals.aclose()
    assert await stage.room.local_participant.rpc_methods[ALIVE_METHOD](None) == "leaving"
    assert stage.told == {ATTRIBUTE_SINCE: "", "interpreter": ""}


async def test_an_interpreter_that_leaves_is_no_rival(stage: Stage) -> None:
    stage.room.local_participant.rpc_answers["another"] = "leaving"
    stage.another("900.0")
    assert await stage.rivals.leader() is None


async def test_the_one_that_came_later_gives_way(stage: Stage) -> None:
    stage.rivals.watch(stage.told.update)
    stage.another("1000.5")
    await stage.settle()
    assert not stage.gave_way_to
    stage.another("999.5")
    await stage.settle()
    assert stage.gave_way_to == ["another"]


async def test_a_rival_is_asked_once(stage: Stage) -> None:
    stage.rivals.watch(stage.told.update)
    stage.room.local_participant.rpc_errors["another"] = rtc.RpcError(1501, "Connection timeout")
    for _ in range(3):
        stage.another("900.0")
        await stage.settle()
    assert stage.room.local_participant.rpc_calls == ["another"]


async def test_one_that_was_away_gives_way_to_one_that_came_meanwhile(stage: Stage) -> None:
    stage.rivals.watch(stage.told.update)
    stage.another("1010.0")
    stage.now = 1020.0
    stage.room.emit("reconnected")
    await stage.settle()
    assert stage.told == {ATTRIBUTE_SINCE: "1020.000"}
    assert stage.gave_way_to == ["another"]


async def test_one_that_stood_still_gives_way_to_one_that_came_meanwhile(
    stage: Stage, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_rivals, "_TICK_SECONDS", 0.01)
    monkeypatch.setattr(_rivals, "_BREAK_SECONDS", -1.0)  # each tick comes too late
    stage.another("1010.0")
    stage.now = 1005.0
    stage.rivals.watch(stage.told.update)
    assert not stage.gave_way_to
    stage.now = 1020.0
    await until(lambda: stage.gave_way_to)
