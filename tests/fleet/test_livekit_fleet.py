"""The port on the HTTP API of a LiveKit server that is a fake; tests/room has a real one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from fakes.livekit_api import KEY, SECRET, FakeLiveKit
from livekit import api

from livekit_plugins_azure_interpreter._fleet import livekit_fleet as _livekit_fleet
from livekit_plugins_azure_interpreter._fleet.fleet import FleetError
from livekit_plugins_azure_interpreter._fleet.livekit_fleet import LiveKitFleet
from livekit_plugins_azure_interpreter._fleet.watch import Dispatch, Person

pytestmark = pytest.mark.native

_NOW = 1_800_000_000.0
_NANOSECONDS = 1e9
_KINDS = api.ParticipantInfo.Kind


@pytest.fixture
async def livekit() -> AsyncIterator[FakeLiveKit]:
    async with FakeLiveKit() as livekit:
        livekit.now = _NOW
        yield livekit


@pytest.fixture
async def fleet(livekit: FakeLiveKit) -> AsyncIterator[LiveKitFleet]:
    async with LiveKitFleet.open(livekit.url, KEY, SECRET, agent_name="interpreter") as fleet:
        yield fleet


async def test_rooms_with_somebody_in_them_are_listed(fleet: LiveKitFleet, livekit: FakeLiveKit) -> None:
    livekit.join("standup", "alice")
    livekit.people["empty"] = []
    assert await fleet.rooms() == {"standup": "RM_standup"}


async def test_a_new_room_is_listed_before_livekit_has_counted_its_people(
    fleet: LiveKitFleet, livekit: FakeLiveKit
) -> None:
    livekit.people = {"new": [], "old": []}
    livekit.created_at = {"new": int(time.time()), "old": int(time.time()) - 60}
    assert await fleet.rooms() == {"new": "RM_new"}


async def test_people_are_told_with_what_they_are(fleet: LiveKitFleet, livekit: FakeLiveKit) -> None:
    livekit.join("standup", "alice", attributes={"language": "fr"}, joined_at_ms=1500, joined_at=1)
    livekit.join("standup", "phone", kind=_KINDS.SIP, joined_at=2)
    livekit.join("standup", "agent", kind=_KINDS.AGENT)
    livekit.join("standup", "recorder", kind=_KINDS.EGRESS)
    assert await fleet.people("standup") == [
        Person("alice", {"language": "fr"}, "person", 1.5),
        Person("phone", {}, "person", 2.0),
        Person("agent", {}, "agent", 0.0),
        Person("recorder", {}, "other", 0.0),
    ]


@pytest.mark.parametrize(
    ("code", "answers"),
    [
        (None, True),
        ("invalid_argument", True),  # it says that it has no such method
        ("canceled", False),
        ("not_found", False),
        ("unavailable", False),
    ],
)
async def test_an_interpreter_that_is_called_answers_or_not(
    fleet: LiveKitFleet, livekit: FakeLiveKit, code: str | None, *, answers: bool
) -> None:
    if code is not None:
        livekit.calls["agent"] = code
    assert await fleet.answers("standup", "agent") is answers


async def test_an_interpreter_of_which_the_server_says_nothing_in_time_does_not_answer(
    fleet: LiveKitFleet, livekit: FakeLiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_livekit_fleet, "_CALL_SECONDS", 0.05)
    livekit.answers.clear()
    assert not await fleet.answers("standup", "agent")
    livekit.answers.set()


async def test_an_interpreter_that_leaves_does_not_live(fleet: LiveKitFleet, livekit: FakeLiveKit) -> None:
    livekit.payload = "leaving"
    assert not await fleet.answers("standup", "agent")


async def test_a_server_without_calls_is_told_once_and_its_interpreters_live(
    fleet: LiveKitFleet, livekit: FakeLiveKit, caplog: pytest.LogCaptureFixture
) -> None:
    livekit.calls["agent"] = "bad_route"
    assert [await fleet.answers("standup", "agent") for _ in range(3)] == [True] * 3
    assert len(caplog.records) == 1
    assert "older than 1.10" in caplog.text


async def test_an_error_of_a_call_is_no_answer_at_all(fleet: LiveKitFleet, livekit: FakeLiveKit) -> None:
    livekit.calls["agent"] = "permission_denied"
    with pytest.raises(FleetError, match="permission_denied"):
        await fleet.answers("standup", "agent")


async def test_a_participant_is_taken_out_once_or_twice(fleet: LiveKitFleet, livekit: FakeLiveKit) -> None:
    livekit.join("standup", "agent")
    for _ in range(2):
        await fleet.remove("standup", "agent")
    assert not livekit.people["standup"]


async def test_dispatches_of_the_interpreter_are_made_listed_and_deleted(
    fleet: LiveKitFleet, livekit: FakeLiveKit
) -> None:
    livekit.dispatches["standup"] = [api.AgentDispatch(id="AD_other", agent_name="assistant")]
    await fleet.dispatch("standup")
    (sent,) = await fleet.dispatches("standup")
    assert sent == Dispatch("AD_1", _NOW)
    for _ in range(2):
        await fleet.delete("standup", sent)
    assert [one.id for one in livekit.dispatches["standup"]] == ["AD_other"]


async def test_a_dispatch_that_a_worker_has_taken_was_sent_when_its_job_began(
    fleet: LiveKitFleet, livekit: FakeLiveKit
) -> None:
    await fleet.dispatch("standup")
    job = livekit.dispatches["standup"][0].state.jobs.add()
    job.state.started_at = int((_NOW + 1) * _NANOSECONDS)
    job.state.status = api.JobStatus.JS_RUNNING
    assert await fleet.dispatches("standup") == [Dispatch("AD_1", _NOW + 1, is_taken=True)]


async def test_a_server_that_refuses_is_told(fleet: LiveKitFleet, livekit: FakeLiveKit) -> None:
    livekit.refuses = True
    with pytest.raises(FleetError, match=r"the server answers 500 \(internal\)"):
        await fleet.rooms()


async def test_a_server_that_is_not_there_is_told() -> None:
    async with LiveKitFleet.open("ws://127.0.0.1:9", KEY, SECRET, agent_name="") as fleet:
        with pytest.raises(FleetError, match="the server cannot be reached"):
            await fleet.rooms()


async def test_a_server_that_gives_no_answer_is_told(
    livekit: FakeLiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_livekit_fleet, "_REQUEST_SECONDS", 0.05)
    livekit.answers.clear()
    async with LiveKitFleet.open(livekit.url, KEY, SECRET, agent_name="") as fleet:
        with pytest.raises(FleetError, match="the server gives no answer"):
            await fleet.rooms()
    livekit.answers.set()
