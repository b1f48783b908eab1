from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fakes.livekit_api import KEY, SECRET, FakeLiveKit
from livekit import api

from livekit_plugins_azure_interpreter.web import Refusal
from livekit_plugins_azure_interpreter.web.interpreters import LiveKitRooms, is_interpreter_needed
from livekit_plugins_azure_interpreter.web.tokens import AGENT_NAME, Guest

_NOW = 1_800_000_000.0
_AGENT = api.ParticipantInfo.Kind.AGENT
_READY = {"interpreter": "ready"}


def _dispatch(*, seconds_ago: float, job_seconds_ago: float | None = None) -> api.AgentDispatch:
    dispatch = api.AgentDispatch(agent_name=AGENT_NAME)
    dispatch.state.created_at = int((_NOW - seconds_ago) * 1e9)
    if job_seconds_ago is not None:
        dispatch.state.jobs.add().state.started_at = int((_NOW - job_seconds_ago) * 1e9)
    return dispatch


class TestNeed:
    @pytest.mark.parametrize(
        ("people", "sent", "needed"),
        [
            ([], [], True),
            ([api.ParticipantInfo(kind=_AGENT, attributes=_READY)], [], False),
            ([api.ParticipantInfo(kind=_AGENT)], [], True),
            ([api.ParticipantInfo(attributes=_READY)], [], True),  # anybody can say that of themselves
            ([], [_dispatch(seconds_ago=5)], False),
            ([], [_dispatch(seconds_ago=60)], True),
            ([], [_dispatch(seconds_ago=60, job_seconds_ago=5)], False),
            ([], [_dispatch(seconds_ago=60), _dispatch(seconds_ago=5)], False),
        ],
    )
    def test_an_interpreter_is_needed_if_none_is_there_or_on_its_way(
        self, people: list[api.ParticipantInfo], sent: list[api.AgentDispatch], *, needed: bool
    ) -> None:
        assert is_interpreter_needed(people, sent, now=_NOW) is needed


@pytest.fixture
async def rooms(livekit: FakeLiveKit) -> AsyncIterator[LiveKitRooms]:
    livekit.now = _NOW
    async with api.LiveKitAPI(livekit.url, KEY, SECRET) as client:
        yield LiveKitRooms(client)


@pytest.mark.native
class TestLiveKitRooms:
    async def test_somebody_who_is_in_the_room_is_present(
        self, rooms: LiveKitRooms, livekit: FakeLiveKit
    ) -> None:
        livekit.join("meeting", "guest-1")
        await rooms.check_presence(Guest("guest-1", "meeting"))
        for other in (Guest("guest-2", "meeting"), Guest("guest-1", "another")):
            with pytest.raises(Refusal, match="You are not in the meeting"):
                await rooms.check_presence(other)

    async def test_an_interpreter_is_sent_once_for_all_who_ask(
        self, rooms: LiveKitRooms, livekit: FakeLiveKit
    ) -> None:
        sent = await asyncio.gather(*(rooms.bring_interpreter("meeting", now=_NOW) for _ in range(5)))
        assert sorted(sent) == [False] * 4 + [True]
        assert [one.agent_name for one in livekit.dispatches["meeting"]] == [AGENT_NAME]

    async def test_a_dispatch_whose_interpreter_is_gone_is_replaced_and_others_stay(
        self, rooms: LiveKitRooms, livekit: FakeLiveKit
    ) -> None:
        other = api.AgentDispatch(id="AD_other", agent_name="assistant", room="meeting")
        await rooms.bring_interpreter("meeting", now=_NOW)
        livekit.dispatches["meeting"].append(other)
        livekit.now = _NOW + 3600
        assert await rooms.bring_interpreter("meeting", now=livekit.now)
        assert [one.id for one in livekit.dispatches["meeting"]] == ["AD_other", "AD_2"]

    async def test_a_server_that_does_not_answer_is_said_so(
        self, rooms: LiveKitRooms, livekit: FakeLiveKit
    ) -> None:
        livekit.refuses = True
        for asking in (
            rooms.check_presence(Guest("guest-1", "meeting")),
            rooms.bring_interpreter("meeting", now=_NOW),
        ):
            with pytest.raises(Refusal, match="LiveKit does not answer") as refused:
                await asking
            assert refused.value.status == 502
