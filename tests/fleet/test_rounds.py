from __future__ import annotations

import os
import random

import pytest
from fakes.fleet import FakeFleet

from livekit_plugins_azure_interpreter._fleet.dispatcher import Dispatcher
from livekit_plugins_azure_interpreter._fleet.fleet import FleetError
from livekit_plugins_azure_interpreter._fleet.rounds import Rounds
from livekit_plugins_azure_interpreter._fleet.watch import Vigil, Wanted

_ROOM = "standup"
_LOOK_SECONDS = 1.0


def _rounds(fleet: FakeFleet, *, seed: int = 1, most_rooms: int = 100) -> Rounds:
    dispatcher = Dispatcher(fleet, agent_name="", wanted=Wanted(frozenset({"language"})), now=fleet.clock)
    vigil = Vigil(alone_seconds=2.0, most_rooms=most_rooms, order=random.Random(seed))
    return Rounds(fleet, dispatcher, vigil, now=fleet.clock)


@pytest.fixture
def fleet() -> FakeFleet:
    fleet = FakeFleet()
    fleet.join(_ROOM, language="fr")
    fleet.comes_after_seconds = 1.0
    return fleet


async def test_an_interpreter_comes_to_a_room_that_is_alone(fleet: FakeFleet) -> None:
    rounds = _rounds(fleet)
    await rounds.look()
    assert not fleet.sent
    assert rounds.seconds_until_next == _LOOK_SECONDS
    fleet.pass_time(_LOOK_SECONDS)
    await rounds.look()
    assert not fleet.sent  # one may be about to come
    fleet.pass_time(_LOOK_SECONDS)
    await rounds.look()
    fleet.pass_time(_LOOK_SECONDS)
    await rounds.look()
    assert len(fleet.interpreters(_ROOM)) == 1
    assert fleet.requests["dispatch"] == 1


@pytest.mark.parametrize(("rooms", "seconds"), [(1, 1.0), (14, 1.0), (21, 1.5), (28, 2.0), (200, 2.0)])
async def test_the_more_rooms_there_are_the_less_often_they_are_looked_at(
    fleet: FakeFleet, rooms: int, seconds: float
) -> None:
    """A worker makes some 15 requests a second, and at most as many in 2 s as it looks at rooms."""
    for at in range(rooms):
        fleet.join(f"room-{at}", language="fr")
        fleet.serve(f"room-{at}")
    del fleet.there[_ROOM]
    rounds = _rounds(fleet)
    await rounds.look()
    assert rounds.seconds_until_next == seconds
    fleet.pass_time(0.75)
    assert rounds.seconds_until_next == seconds - 0.75


async def test_an_interpreter_that_does_not_answer_is_called_again_at_once(fleet: FakeFleet) -> None:
    """One that stands still for less than `alone_seconds` answers one of the calls, and stays."""
    for at in range(200):
        fleet.join(f"room-{at}", language="fr")
        fleet.serve(f"room-{at}")
    dead, rounds = fleet.serve(_ROOM), _rounds(fleet, most_rooms=300)
    await rounds.look()
    fleet.dead.add((_ROOM, dead))
    for _ in range(2):
        await rounds.look()
        assert rounds.seconds_until_next == 1.0
        fleet.pass_time(1.0)
        assert not fleet.sent
    await rounds.look()
    assert len(fleet.sent[_ROOM]) == 1


async def test_a_look_is_in_time_for_an_interpreter_that_was_asked_for_and_does_not_come(
    fleet: FakeFleet,
) -> None:
    for at in range(200):
        fleet.join(f"room-{at}", language="fr")
        fleet.serve(f"room-{at}")
    fleet.comes_after_seconds = None
    rounds = _rounds(fleet, most_rooms=300)
    await rounds.look()
    asked_at = []
    for _ in range(7):
        fleet.pass_time(rounds.seconds_until_next)
        before = fleet.requests["dispatch"]
        await rounds.look()
        if fleet.requests["dispatch"] > before:
            asked_at.append(fleet.now - 1000.0)
    assert asked_at == [2.0, 3.0, 4.0, 5.0, 7.0]


async def test_a_look_at_200_rooms_is_bounded(fleet: FakeFleet) -> None:
    for at in range(200):
        fleet.join(f"room-{at}", language="fr")
        fleet.serve(f"room-{at}")
    fleet.serve(_ROOM)
    rounds = _rounds(fleet)
    for _ in range(5):
        await rounds.look()
    fleet.requests.clear()
    await rounds.look()
    assert fleet.requests == {"rooms": 1, "answers": 100}


async def test_an_interpreter_that_leaves_its_meeting_is_replaced_at_once(fleet: FakeFleet) -> None:
    rounds, leaves = _rounds(fleet), fleet.serve(_ROOM)
    await rounds.look()
    del fleet.there[_ROOM][leaves]
    await rounds.look()
    assert fleet.requests["dispatch"] == 1


async def test_a_lost_job_is_replaced_at_once(fleet: FakeFleet) -> None:
    dead = fleet.serve(_ROOM)
    await _rounds(fleet).lost(_ROOM, dead)
    assert fleet.requests["dispatch"] == 1


async def test_a_job_that_is_lost_again_and_again_is_not_replaced_at_once(fleet: FakeFleet) -> None:
    rounds = _rounds(fleet)
    for _ in range(9):
        await rounds.lost(_ROOM, fleet.serve(_ROOM))
        fleet.pass_time(1.0)
    assert fleet.requests["dispatch"] == 1


async def test_a_job_that_ends_with_its_meeting_is_not_replaced(fleet: FakeFleet) -> None:
    fleet.there[_ROOM].clear()
    await _rounds(fleet).lost(_ROOM, "agent-1")
    assert fleet.requests["dispatch"] == 0


async def test_an_error_of_the_server_is_raised(fleet: FakeFleet) -> None:
    fleet.is_away = True
    with pytest.raises(FleetError):
        await _rounds(fleet).look()


@pytest.mark.parametrize("seed", range(int(os.environ.get("FLEETS", "1"))))
async def test_watches_keep_each_of_many_rooms_served_and_bring_one_each_time(seed: int) -> None:
    """Five workers, 50 rooms, of which each worker sees 20 in a look; and 40 deaths in two minutes."""
    draw, fleet = random.Random(seed), FakeFleet()
    fleet.comes_after_seconds = 1.5
    rooms = [f"room-{at}" for at in range(50)]
    for room in rooms:
        fleet.join(room, language="fr")
        fleet.serve(room)
    watches = [_rounds(fleet, seed=at, most_rooms=20) for at in range(5)]
    looks_at = [fleet.now + draw.uniform(0, _LOOK_SECONDS) for _ in watches]
    dies_at = sorted(fleet.now + draw.uniform(10, 120) for _ in range(40))
    alone_since: dict[str, float] = {}
    longest = deaths = 0.0
    while fleet.now < 1000.0 + 140:
        fleet.pass_time(0.1)
        while dies_at and dies_at[0] <= fleet.now:
            dies_at.pop(0)
            room = draw.choice(rooms)
            deaths += bool(fleet.interpreters(room))
            fleet.dead |= {(room, one) for one in fleet.interpreters(room)}
        for room in rooms:
            if fleet.interpreters(room):
                longest = max(longest, fleet.now - alone_since.pop(room, fleet.now))
            else:
                alone_since.setdefault(room, fleet.now)
        for at, watch in enumerate(watches):
            if fleet.now >= looks_at[at]:
                await watch.look()
                looks_at[at] = fleet.now + watch.seconds_until_next * draw.uniform(1.0, 1.1)
    assert not alone_since
    assert longest <= 10.0
    assert fleet.requests["dispatch"] == deaths
