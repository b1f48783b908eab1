"""The places of one process, in virtual time."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from fakes.clock import in_virtual_time
from fakes.leases import FakeLeases
from livekit.agents import APIConnectionError, APIError, APIStatusError

from livekit_plugins_azure_interpreter._fleet.resource_places import Place, PlaceableResource, Places
from livekit_plugins_azure_interpreter._fleet.resource_reports import ResourceChanged
from livekit_plugins_azure_interpreter.credentials import Credentials


class _Process:
    """Places at "near" and "far", and what was told of them."""

    def __init__(
        self, near: int = 1, far: int = 1, *, leases: FakeLeases | None = None, share: int = 1
    ) -> None:
        self.changes: list[ResourceChanged] = []
        resources = [
            PlaceableResource(name, Credentials(endpoint=f"wss://{name}"), most)
            for name, most in (("near", near), ("far", far))
        ]
        self.places = Places(
            resources, use="recognition", leases=leases, share=share, changed=self.changes.append
        )

    async def take(self, seconds: float | None = 0.0) -> Place:
        return await self.places.take(seconds)

    async def fail(self, place: Place, error: APIError) -> Place | None:
        """The stream of a place fails; the place that it goes on at."""
        place.failed()
        place.release()
        return await self.places.take_instead([place], error)

    @property
    def opened(self) -> list[int]:
        return [one.open_streams for one in self.places.states]


def where(place: Place) -> str:
    return place.credentials.endpoint.removeprefix("wss://")


def refused(status: int) -> APIError:
    return APIStatusError("refused", status_code=status)


@in_virtual_time
async def test_places_are_taken_at_the_nearest_resource_and_given_back_once() -> None:
    process = _Process()
    first, second = await process.take(), await process.take()
    assert [where(first), where(second)] == ["near", "far"]
    assert [first.has_alternative, second.has_alternative] == [True, False]
    first.release()
    first.release()
    assert process.opened == [0, 1]
    assert where(await process.take()) == "near"


@in_virtual_time
async def test_a_stream_without_a_place_is_an_error_after_its_time() -> None:
    loop = asyncio.get_running_loop()
    process = _Process()
    await process.take()
    await process.take()
    began_at = loop.time()
    with pytest.raises(APIStatusError, match="all places at the Azure resources are taken"):
        await process.take(5.0)
    assert loop.time() == pytest.approx(began_at + 5.0)


@in_virtual_time
async def test_waiting_streams_get_places_in_their_order_and_at_once() -> None:
    loop = asyncio.get_running_loop()
    process = _Process()
    held = [await process.take(), await process.take()]
    got: list[int] = []

    async def wait(number: int) -> None:
        await process.take(None)
        got.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(2)]
    await asyncio.sleep(0.1)
    released_at = loop.time()
    for place in held:
        place.release()
    await asyncio.gather(*waiting)
    assert got == [0, 1]
    assert loop.time() == released_at


@in_virtual_time
async def test_a_wait_that_is_cancelled_lets_the_next_one_go_first() -> None:
    process = _Process()
    held = [await process.take(), await process.take()]
    first, second = (asyncio.create_task(process.take(None)) for _ in range(2))
    await asyncio.sleep(0.1)
    first.cancel()
    held[1].release()
    assert where(await second) == "far"
    assert process.opened == [1, 1]


@in_virtual_time
async def test_a_stream_goes_on_at_the_next_resource_and_the_first_one_rests() -> None:
    process = _Process(near=5)
    other = await process.fail(await process.take(), refused(429))
    assert other is not None
    assert where(other) == "far"
    near = process.places.states[0]
    assert (near.refusals, near.moved_streams) == ({"quota": 1}, 1)
    assert near.resting_until == pytest.approx(time.time() + 10.0, abs=5.0)
    assert process.changes == [ResourceChanged("near", "recognition", "resting", "quota", 10.0)]
    other.release()
    assert where(await process.take()) == "far"
    await asyncio.sleep(10.0)
    probe = await process.take()
    assert where(probe) == "near"
    probe.served()
    assert process.changes[1:] == [ResourceChanged("near", "recognition", "returned")]
    assert process.places.states[0].resting_until is None


@in_virtual_time
async def test_a_stream_that_has_nowhere_to_go_keeps_its_error() -> None:
    process = _Process(far=1)
    place = await process.take()
    await process.take()
    assert await process.fail(place, APIConnectionError("away")) is None
    assert process.opened == [0, 1]
    assert process.places.states[0].moved_streams == 0


@in_virtual_time
async def test_a_request_that_every_resource_would_refuse_moves_nothing() -> None:
    process = _Process()
    assert await process.fail(await process.take(), refused(400)) is None
    assert process.changes == []


@in_virtual_time
async def test_an_error_after_which_no_place_has_failed_moves_nothing() -> None:
    process = _Process()
    place = await process.take()
    assert await process.places.take_instead([place], APIConnectionError("a result was lost")) is None


@in_virtual_time
async def test_resources_that_all_rest_are_tried_again_nevertheless() -> None:
    process = _Process(5, 5)
    far = await process.fail(await process.take(), APIConnectionError("away"))
    assert far is not None
    assert await process.fail(far, APIConnectionError("away")) is None
    tried = await process.take()
    assert where(tried) == "near"
    assert not tried.has_alternative
    assert process.places.nearest() == 0


@in_virtual_time
async def test_each_refusal_of_the_credentials_doubles_the_rest() -> None:
    process = _Process(9)
    for _number in range(3):
        await process.fail(await process.take(), refused(401))
        await asyncio.sleep(200.0)
    assert [change.rest_seconds for change in process.changes if change.name == "near"] == [60, 120, 240]


@in_virtual_time
async def test_a_place_that_the_fleet_has_not_is_looked_for_elsewhere() -> None:
    fleet = FakeLeases()
    one, other = _Process(leases=fleet), _Process(leases=fleet)
    places = [await one.take(), await other.take()]
    assert [where(place) for place in places] == ["near", "far"]
    assert (one.opened, other.opened) == ([1, 0], [0, 1])
    assert [*fleet.held] == ["recognition:near", "recognition:far"]
    for place in places:
        place.release()
    await one.places.settled()
    await other.places.settled()
    assert fleet.held == {"recognition:near": {}, "recognition:far": {}}


@in_virtual_time
async def test_a_process_keeps_to_its_share_while_the_leases_are_away() -> None:
    fleet = FakeLeases()
    process = _Process(5, 5, leases=fleet, share=2)
    fleet.is_away = True
    places = [await process.take() for _ in range(4)]
    assert process.opened == [2, 2]
    with pytest.raises(APIStatusError):
        await process.take()
    fleet.is_away = False
    await asyncio.sleep(2.0)
    places.append(await process.take())
    assert process.opened == [3, 2]
    for place in places:
        place.release()
    await process.places.settled()


@in_virtual_time
async def test_a_waiting_stream_gets_a_place_soon_after_the_leases_are_back() -> None:
    fleet = FakeLeases()
    process = _Process(leases=fleet, share=0)
    fleet.is_away = True
    with pytest.raises(APIStatusError):
        await process.take(3.0)
    waiting = asyncio.create_task(process.take(None))
    await asyncio.sleep(3.0)
    assert not waiting.done()
    fleet.is_away = False
    place = await asyncio.wait_for(waiting, 2.0)
    assert [*fleet.held["recognition:near"]] == [place.holder]
    place.release()
    await process.places.settled()


@in_virtual_time
async def test_a_place_that_another_process_got_is_told_to_its_connection() -> None:
    fleet = FakeLeases()
    process = _Process(leases=fleet)
    place, lost = await process.take(), list[str]()
    place.on_lost(lambda: lost.append("near"))
    fleet.held["recognition:near"] = {"other": 1e9}
    await asyncio.sleep(20.0)
    assert lost == ["near"]
    place.release()
    place.lost()
    assert lost == ["near"]
    await process.places.settled()


@in_virtual_time
async def test_a_cancelled_wait_for_a_lease_leaves_no_place() -> None:
    fleet = FakeLeases()
    process = _Process(leases=fleet)
    taking = asyncio.create_task(process.take())
    await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await process.places.settled()
    assert process.opened == [0, 0]
    assert not any(fleet.held.values())


async def test_threads_share_the_places_and_wake_one_another() -> None:
    process = _Process(1, 1)
    held = [await process.take(), await process.take()]
    got: list[str] = []

    def other() -> None:
        async def take_and_leave() -> None:
            place = await process.take(20.0)
            got.append(where(place))
            place.release()

        asyncio.run(take_and_leave())

    thread = threading.Thread(target=other)
    thread.start()
    held[1].release()
    await asyncio.to_thread(thread.join, 20.0)
    assert got == ["far"]
    assert process.opened == [1, 0]
