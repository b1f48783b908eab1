"""`SpeechResources`, as users write it."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.leases import FakeLeases
from fakes.limits import within
from livekit.agents import APIStatusError

from livekit_plugins_azure_interpreter import (
    STT,
    PersonalVoiceTTS,
    Resource,
    ResourceChanged,
    SpeechResources,
)
from livekit_plugins_azure_interpreter.credentials import INTERPRETING, SPEAKING
from livekit_plugins_azure_interpreter.speech_resources import credentials_option, places_of

WEST = Resource(speech_key="west-key", speech_region="westeurope")
NORTH = Resource(speech_key="north-key", speech_region="northeurope", max_streams=20)


def test_a_resource_has_the_addresses_of_both_services_and_a_name() -> None:
    assert WEST.name == "westeurope"
    assert WEST.credentials(INTERPRETING).endpoint.startswith("wss://westeurope.stt.")
    assert WEST.credentials(SPEAKING).endpoint.startswith("wss://westeurope.tts.")
    custom = Resource(
        speech_key="a-key", speech_endpoint="wss://mine.cognitiveservices.azure.com/stt/speech/universal/v2"
    )
    assert custom.name == "mine.cognitiveservices.azure.com"
    assert Resource(speech_key="a-key", speech_region="westeurope", name="spare").name == "spare"


def test_no_repr_has_a_key() -> None:
    assert "west-key" not in repr(WEST)
    assert "secret" not in repr(Resource(speech_key="a", speech_endpoint="wss://mine/?key=secret"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"speech_region": "westeurope"},
            "a Resource needs speech_key, speech_auth_token or token_credential",
        ),
        ({"speech_key": "a"}, "a Resource needs speech_region or speech_endpoint"),
        ({"speech_key": "a", "speech_region": "West Europe"}, "speech_region"),
        (
            {"speech_key": "a", "speech_region": "westeurope", "max_streams": 0},
            "max_streams must be a whole number at least 1",
        ),
        (
            {"speech_key": "a", "speech_auth_token": "b", "speech_region": "westeurope"},
            "contradict each other",
        ),
    ],
)
def test_a_resource_that_cannot_work_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Resource(**arguments)


def test_a_resource_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SPEECH_ENDPOINT", "wss://elsewhere")
    assert WEST.credentials(INTERPRETING).endpoint.startswith("wss://westeurope")


@pytest.mark.parametrize(
    ("resources", "more", "message"),
    [
        ([], {}, "resources is empty"),
        ([WEST, WEST], {}, "two resources have the name 'westeurope'"),
        ([WEST], {"near": "eastus"}, "near must be the region or the name of a resource, not 'eastus'"),
        ([WEST], {"share": -1}, "share must be a whole number at least 0"),
    ],
)
def test_resources_that_cannot_work_are_refused(resources: Any, more: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpeechResources(resources, **more)


def test_the_states_name_each_resource_for_each_use_the_nearest_first() -> None:
    states = SpeechResources([WEST, NORTH]).states
    assert [(one.name, one.use, one.max_streams) for one in states] == [
        ("westeurope", "recognition", 100),
        ("northeurope", "recognition", 20),
        ("westeurope", "synthesis", 100),
        ("northeurope", "synthesis", 20),
    ]
    assert {(one.open_streams, one.resting_until, one.moved_streams) for one in states} == {(0, None, 0)}


@pytest.mark.parametrize("near", ["northeurope", "north"])
def test_the_resources_near_a_worker_come_first(near: str) -> None:
    north = Resource(speech_key="a", speech_region="northeurope", name="north")
    assert SpeechResources([WEST, north], near=near).states[0].name == "north"


async def test_a_rest_of_a_resource_is_an_event() -> None:
    resources, changes = SpeechResources([WEST]), list[ResourceChanged]()
    resources.on("resource_changed", changes.append)
    place = await places_of(resources, "synthesis").take(0.0)
    place.failed()
    await places_of(resources, "synthesis").take_instead([place], _quota())
    assert changes == [ResourceChanged("westeurope", "synthesis", "resting", "quota", 10.0)]


async def test_closing_waits_until_the_fleet_has_the_places() -> None:
    fleet = FakeLeases()
    resources = SpeechResources([WEST], leases=fleet)
    (await places_of(resources, "recognition").take(0.0)).release()
    await within(resources.aclose())
    assert fleet.held == {"recognition:westeurope": {}}


def test_credentials_are_those_of_the_first_resource_or_of_the_arguments() -> None:
    given = {"speech_key": None, "speech_region": None}
    assert credentials_option(SpeechResources([NORTH, WEST]), "recognition", given).key == "north-key"
    given = {"speech_key": "a", "speech_region": "eastus"}
    assert credentials_option(None, "recognition", given).key == "a"


@pytest.mark.parametrize("make", [STT, PersonalVoiceTTS])
def test_resources_and_a_credential_contradict_each_other(make: Any) -> None:
    what = {"target_languages": "fr"} if make is STT else {"voice": "fr-FR-DeniseNeural"}
    with pytest.raises(
        ValueError, match="speech_resources and speech_key, speech_region contradict each other"
    ):
        make(**what, speech_resources=SpeechResources([WEST]), speech_key="a", speech_region="westeurope")


def _quota() -> APIStatusError:
    return APIStatusError("full", status_code=429)
