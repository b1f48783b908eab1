from __future__ import annotations

import asyncio
import math

import pytest
from fakes.fleet import FakeFleet
from fakes.leases import FakeLeases

from livekit_plugins_azure_interpreter._fleet import leases as _leases
from livekit_plugins_azure_interpreter._fleet.dispatcher import Dispatcher, Sight
from livekit_plugins_azure_interpreter._fleet.fleet import FleetError
from livekit_plugins_azure_interpreter._fleet.leases import Leases
from livekit_plugins_azure_interpreter._fleet.watch import Wanted

_ROOM = "standup"


@pytest.fixture
def fleet() -> FakeFleet:
    fleet = FakeFleet()
    fleet.join(_ROOM, language="fr")
    return fleet


def _dispatcher(fleet: FakeFleet, leases: Leases | None = None) -> Dispatcher:
    wanted = Wanted(frozenset({"language"}))
    return Dispatcher(fleet, agent_name="", wanted=wanted, leases=leases, now=fleet.clock)


async def test_a_look_at_a_room_whose_interpreter_answers_is_one_request(fleet: FakeFleet) -> None:
    dispatcher = _dispatcher(fleet)
    fleet.serve(_ROOM)
    assert await dispatcher.look(_ROOM) == Sight(is_alone=False)
    fleet.requests.clear()
    assert await dispatcher.look(_ROOM) == Sight(is_alone=False)
    assert fleet.requests == {"answers": 1}


async def test_a_room_is_alone_if_its_interpreter_does_not_answer(fleet: FakeFleet) -> None:
    dispatcher, dead = _dispatcher(fleet), fleet.serve(_ROOM)
    await dispatcher.look(_ROOM)
    fleet.dead.add((_ROOM, dead))
    fleet.requests.clear()
    assert await dispatcher.look(_ROOM) == Sight(is_alone=True, dead=frozenset({dead}))
    assert fleet.requests == {"answers": 1, "people": 1}


async def test_a_room_is_not_alone_if_nobody_wants_a_language(fleet: FakeFleet) -> None:
    fleet.join("lobby", hair="red")
    assert await _dispatcher(fleet).look("lobby") == Sight(is_alone=False)
    assert not await _dispatcher(fleet).bring("lobby")


async def test_an_interpreter_is_asked_for_once_for_all_who_ask(fleet: FakeFleet) -> None:
    dispatcher = _dispatcher(fleet)
    assert sorted(await asyncio.gather(*(dispatcher.bring(_ROOM) for _ in range(5)))) == [False] * 4 + [True]
    assert not await dispatcher.bring(_ROOM)
    assert len(fleet.sent[_ROOM]) == 1


async def test_no_interpreter_is_asked_for_if_one_answers(fleet: FakeFleet) -> None:
    fleet.serve(_ROOM)
    assert not await _dispatcher(fleet).bring(_ROOM)


async def test_a_dead_interpreter_leaves_with_its_dispatch_before_another_one_is_asked_for(
    fleet: FakeFleet,
) -> None:
    dispatcher = _dispatcher(fleet)
    await dispatcher.bring(_ROOM)
    (first,) = fleet.sent[_ROOM]
    fleet.pass_time(1.0)
    dead = fleet.serve(_ROOM)
    fleet.pass_time(1.0)
    fleet.dead.add((_ROOM, dead))
    assert await dispatcher.bring(_ROOM)
    assert fleet.removed == [(_ROOM, dead)]
    assert first not in fleet.sent[_ROOM]
    assert len(fleet.sent[_ROOM]) == 1


async def test_an_interpreter_that_is_known_to_be_dead_is_not_asked(fleet: FakeFleet) -> None:
    dead = fleet.serve(_ROOM)
    assert await _dispatcher(fleet).bring(_ROOM, {dead})
    assert fleet.requests["answers"] == 0


async def test_two_workers_with_leases_ask_for_one_interpreter(fleet: FakeFleet) -> None:
    leases = FakeLeases()
    dispatchers = [_dispatcher(fleet, leases) for _ in range(4)]
    brought = await asyncio.gather(*(one.bring(_ROOM) for one in dispatchers))
    assert sorted(brought) == [False] * 3 + [True]


@pytest.mark.parametrize("fault", ["is_away", "hangs"])
async def test_an_interpreter_is_asked_for_while_the_leases_do_not_answer(
    fleet: FakeFleet, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_leases, "_LIMIT_SECONDS", 0.01)
    leases = FakeLeases()
    setattr(leases, fault, True)
    assert await _dispatcher(fleet, leases).bring(_ROOM)


async def test_an_interpreter_that_does_not_come_is_asked_for_again(fleet: FakeFleet) -> None:
    dispatcher = _dispatcher(fleet)
    asked_at = []
    for _ in range(120):
        if await dispatcher.bring(_ROOM):
            asked_at.append(fleet.now - 1000.0)
        fleet.pass_time(1.0)
    assert asked_at[:9] == [0.0, 1.0, 2.0, 3.0, 5.0, 9.0, 17.0, 33.0, 60.0]
    assert len(fleet.sent[_ROOM]) <= 9


async def test_a_dispatcher_that_asked_for_an_interpreter_knows_when_to_ask_again(fleet: FakeFleet) -> None:
    """All others look in their own time, or they would all ask at once."""
    asking, other = _dispatcher(fleet), _dispatcher(fleet)
    for one in (asking, other):
        one.there_are({_ROOM: "RM_one"})
    await asking.bring(_ROOM)
    await other.bring(_ROOM)
    assert (asking.again_at, other.again_at) == (fleet.now + 1.0, math.inf)
    fleet.take(_ROOM)
    await asking.bring(_ROOM)
    assert asking.again_at == fleet.now + 8.0


@pytest.mark.parametrize("is_over", ["it has come", "nobody wants it", "the room is gone"])
async def test_an_interpreter_that_is_not_missed_is_not_asked_for_again(
    fleet: FakeFleet, is_over: str
) -> None:
    dispatcher = _dispatcher(fleet)
    await dispatcher.bring(_ROOM)
    if is_over == "it has come":
        fleet.serve(_ROOM)
    elif is_over == "nobody wants it":
        fleet.there[_ROOM].clear()
    else:
        dispatcher.there_are({})
    await dispatcher.look(_ROOM)
    assert dispatcher.again_at == math.inf


async def test_a_room_can_be_asked_for_again_after_an_error(fleet: FakeFleet) -> None:
    dispatcher = _dispatcher(fleet)
    fleet.is_away = True
    with pytest.raises(FleetError):
        await dispatcher.bring(_ROOM)
    fleet.is_away = False
    assert await dispatcher.bring(_ROOM)


async def test_a_room_whose_interpreter_has_left_has_lost_it(fleet: FakeFleet) -> None:
    dispatcher, gone = _dispatcher(fleet), fleet.serve(_ROOM)
    dispatcher.there_are({_ROOM: "RM_one"})
    await dispatcher.look(_ROOM)
    del fleet.there[_ROOM][gone]
    dispatcher.there_are({_ROOM: "RM_one"})
    assert await dispatcher.look(_ROOM) == Sight(is_alone=True, has_lost=True)
    assert await dispatcher.look(_ROOM) == Sight(is_alone=True)


async def test_a_dispatch_whose_interpreter_came_and_left_is_not_waited_for(fleet: FakeFleet) -> None:
    dispatcher = _dispatcher(fleet)
    await dispatcher.bring(_ROOM)
    fleet.pass_time(1.0)
    gone = fleet.serve(_ROOM)
    await dispatcher.look(_ROOM)
    del fleet.there[_ROOM][gone]
    await dispatcher.look(_ROOM)
    assert await dispatcher.bring(_ROOM)


async def test_a_room_that_was_made_anew_has_not_lost_its_interpreter(fleet: FakeFleet) -> None:
    dispatcher, gone = _dispatcher(fleet), fleet.serve(_ROOM)
    dispatcher.there_are({_ROOM: "RM_one"})
    await dispatcher.look(_ROOM)
    del fleet.there[_ROOM][gone]
    dispatcher.there_are({_ROOM: "RM_two"})
    assert await dispatcher.look(_ROOM) == Sight(is_alone=True)


async def test_rooms_that_are_gone_are_forgotten(fleet: FakeFleet) -> None:
    dispatcher = _dispatcher(fleet)
    fleet.serve(_ROOM)
    await dispatcher.look(_ROOM)
    dispatcher.there_are({})
    fleet.requests.clear()
    await dispatcher.look(_ROOM)
    assert fleet.requests == {"people": 1, "answers": 1}
