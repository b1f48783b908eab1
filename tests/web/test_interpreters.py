from __future__ import annotations

import pytest
from fakes.fleet import FakeFleet

from livekit_plugins_azure_interpreter._fleet.dispatcher import Dispatcher
from livekit_plugins_azure_interpreter._fleet.watch import Wanted
from livekit_plugins_azure_interpreter.web import Refusal
from livekit_plugins_azure_interpreter.web.interpreters import LiveKitRooms
from livekit_plugins_azure_interpreter.web.tokens import AGENT_NAME, Guest


@pytest.fixture
def fleet() -> FakeFleet:
    fleet = FakeFleet()
    fleet.join("meeting", "guest-1")
    return fleet


@pytest.fixture
def rooms(fleet: FakeFleet) -> LiveKitRooms:
    wanted = Wanted(frozenset(), everybody=True)
    return LiveKitRooms(fleet, Dispatcher(fleet, agent_name=AGENT_NAME, wanted=wanted, now=fleet.clock))


async def test_somebody_who_is_in_the_room_is_present(rooms: LiveKitRooms) -> None:
    await rooms.check_presence(Guest("guest-1", "meeting"))
    for other in (Guest("guest-2", "meeting"), Guest("guest-1", "another")):
        with pytest.raises(Refusal, match="You are not in the meeting"):
            await rooms.check_presence(other)


async def test_an_interpreter_is_sent_once(rooms: LiveKitRooms, fleet: FakeFleet) -> None:
    assert await rooms.bring_interpreter("meeting")
    assert not await rooms.bring_interpreter("meeting")
    assert len(fleet.sent["meeting"]) == 1


async def test_a_server_that_does_not_answer_is_said_so(rooms: LiveKitRooms, fleet: FakeFleet) -> None:
    fleet.is_away = True
    for asking in (
        rooms.check_presence(Guest("guest-1", "meeting")),
        rooms.bring_interpreter("meeting"),
    ):
        with pytest.raises(Refusal, match="LiveKit does not answer") as refused:
            await asking
        assert refused.value.status == 502
