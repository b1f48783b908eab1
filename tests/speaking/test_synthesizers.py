"""Synthesizers at one resource, and at several."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.places import opened, two_places
from fakes.synthesizer import OPTIONS, FakeSpeech
from livekit.agents import APIConnectionError, APIStatusError

from livekit_plugins_azure_interpreter._fleet.resource_places import Places
from livekit_plugins_azure_interpreter._speaking.synthesizers import Synthesizers

Open = Callable[..., Synthesizers]
_AWAY = APIConnectionError("away")


@pytest.fixture
def azure() -> FakeSpeech:
    return FakeSpeech()


@pytest.fixture
async def open_synthesizers(azure: FakeSpeech) -> AsyncIterator[Open]:
    made: list[Synthesizers] = []

    def make(places: Places | None = None) -> Synthesizers:
        made.append(Synthesizers(azure, OPTIONS, places))
        return made[-1]

    yield make
    for one in made:
        await within(one.aclose())
    azure.shut_down()


def endpoints(azure: FakeSpeech) -> list[str]:
    return [one.options.credentials.endpoint for one in azure.synthesizers]


async def test_a_text_is_spoken_with_the_credentials_of_the_options(
    open_synthesizers: Open, azure: FakeSpeech, until: Until
) -> None:
    text = open_synthesizers().for_text(4.0)
    synthesis = await text.take()
    await until(lambda: azure.synthesizers)
    assert endpoints(azure) == [OPTIONS.credentials.endpoint]
    assert (text.timeout_seconds, text.is_renewable) == (4.0, False)
    text.served()
    assert not await text.goes_on(_AWAY)
    text.give_back(synthesis)


async def test_texts_are_spoken_at_resources_with_a_free_place(
    open_synthesizers: Open, azure: FakeSpeech, until: Until
) -> None:
    synthesizers = open_synthesizers(places := two_places())
    first, second = synthesizers.for_text(4.0), synthesizers.for_text(4.0)
    taken = [await first.take(), await second.take()]
    await until(lambda: len(azure.synthesizers) == 2)
    assert sorted(endpoints(azure)) == ["wss://far", "wss://near"]
    assert (first.timeout_seconds, second.timeout_seconds) == (3.0, 4.0)
    with pytest.raises(APIStatusError, match="all places at the Azure resources are taken"):
        await synthesizers.for_text(0.0).take()
    first.give_back(taken[0])
    second.give_back(taken[1])
    assert opened(places) == [0, 0]


async def test_a_text_goes_on_at_another_resource(
    open_synthesizers: Open, azure: FakeSpeech, until: Until
) -> None:
    text = open_synthesizers(places := two_places()).for_text(4.0)
    text.give_back(await text.take())
    await until(lambda: endpoints(azure) == ["wss://near"])  # a thread opens it
    assert await text.goes_on(_AWAY)
    synthesis = await text.take()
    text.served()
    await until(lambda: endpoints(azure) == ["wss://near", "wss://far"])
    text.give_back(synthesis)
    assert not await text.goes_on(_AWAY)
    assert opened(places) == [0, 0]


async def test_a_text_that_ends_gives_back_a_place_that_it_did_not_use(open_synthesizers: Open) -> None:
    text = open_synthesizers(places := two_places()).for_text(4.0)
    text.close()
    text.give_back(await text.take())
    assert await text.goes_on(_AWAY)
    text.close()
    assert opened(places) == [0, 0]


async def test_a_closed_tts_gives_back_the_place(open_synthesizers: Open) -> None:
    synthesizers = open_synthesizers(places := two_places())
    await within(synthesizers.aclose())
    with pytest.raises(APIConnectionError, match="was closed"):
        await synthesizers.for_text(4.0).take()
    assert opened(places) == [0, 0]


async def test_a_connection_is_made_ahead_at_the_nearest_resource(
    open_synthesizers: Open, azure: FakeSpeech, until: Until
) -> None:
    open_synthesizers(two_places()).warm()
    await until(lambda: azure.synthesizers)
    assert endpoints(azure) == ["wss://near"]
