"""Where the connections of a stream are: at the nearest resource, and at another one after a failure."""

from __future__ import annotations

import pytest
from fakes.places import opened, two_places, where
from livekit.agents import APIConnectionError, APIStatusError

from livekit_plugins_azure_interpreter._recognition.placement import Placement, PlacesOfSTT

_AWAY = APIConnectionError("away")


async def test_a_connection_has_a_place_at_the_nearest_resource() -> None:
    placement = Placement(PlacesOfSTT(two_places()), wait_seconds=0.0)
    assert where(await placement.take()) == "near"


async def test_a_connection_has_the_place_that_was_reserved() -> None:
    places = two_places()
    of_stt = PlacesOfSTT(places)
    near, far = await places.take(0.0), await places.take(0.0)
    of_stt.reserve(far)
    assert await Placement(of_stt, wait_seconds=0.0).take() is far
    of_stt.reserve(near)
    of_stt.close()
    assert near.is_released
    assert not far.is_released


async def test_a_stream_goes_on_at_another_resource_after_a_failure() -> None:
    placement = Placement(PlacesOfSTT(places := two_places()), wait_seconds=0.0)
    near = await placement.take()
    near.failed()
    near.release()
    assert await placement.goes_on(_AWAY)
    far = await placement.take()
    assert where(far) == "far"
    far.failed()
    assert not await placement.goes_on(_AWAY)
    far.release()
    assert opened(places) == [0, 0]


async def test_a_connection_that_was_closed_before_is_not_to_blame() -> None:
    placement = Placement(PlacesOfSTT(places := two_places(2)), wait_seconds=0.0)
    (await placement.take()).release()
    await placement.take()
    assert not await placement.goes_on(_AWAY)
    assert places.states[0].resting_until is None


async def test_a_place_that_no_connection_took_is_given_back_at_the_end() -> None:
    placement = Placement(PlacesOfSTT(places := two_places()), wait_seconds=0.0)
    placement.close()
    assert await placement.has_another()
    placement.close()
    assert opened(places) == [0, 0]


async def test_a_stream_knows_whether_there_is_another_place() -> None:
    placement = Placement(PlacesOfSTT(places := two_places()), wait_seconds=0.0)
    near = await placement.take()
    assert await placement.has_another()
    assert where(await placement.take()) == "far"
    assert not await placement.has_another()
    with pytest.raises(APIStatusError, match="all places at the Azure resources are taken"):
        await placement.take()
    near.release()
    assert opened(places) == [0, 1]
