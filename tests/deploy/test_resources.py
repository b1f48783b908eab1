"""Azure's resources of a worker, by its variables."""

from __future__ import annotations

import asyncio

import pytest
from fakes.fixtures import Until
from resilience import resources
from resilience.resources import SERVICES, configured_services, make_leases, make_resources, open_resources

_PARTS = ("KEY", "REGION", "ENDPOINT", "STREAMS")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """One resource, and no Redis."""
    for name in (*(f"{service}_{part}" for service in SERVICES for part in _PARTS), "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_SPEECH_KEY", "any")
    monkeypatch.setenv("AZURE_SPEECH_REGION", "westeurope")
    return monkeypatch


def _add_backup(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BACKUP_SPEECH_KEY", "any")
    environment.setenv("BACKUP_SPEECH_REGION", "westeurope")
    environment.setenv("BACKUP_SPEECH_STREAMS", "20")


async def test_one_resource_without_redis_is_that_of_the_pairs_own_variables() -> None:
    assert make_resources(configured_services(), make_leases()) is None
    async with open_resources(configured_services()) as opened:
        assert opened is None


@pytest.mark.parametrize("part", ["KEY", "REGION", "ENDPOINT"])
def test_a_second_resource_counts_as_soon_as_one_of_its_variables_is_set(
    environment: pytest.MonkeyPatch, part: str
) -> None:
    environment.setenv("BACKUP_SPEECH_REGION", "")  # as Compose leaves it
    assert configured_services() == ["AZURE_SPEECH"]
    environment.setenv(f"BACKUP_SPEECH_{part}", "any")
    assert configured_services() == ["AZURE_SPEECH", "BACKUP_SPEECH"]


def test_two_resources_of_one_region_have_names_and_places_of_their_own(
    environment: pytest.MonkeyPatch,
) -> None:
    _add_backup(environment)
    made = make_resources(configured_services(), None)
    assert made is not None
    places = [(one.name, one.max_streams) for one in made.states if one.use == "recognition"]
    assert places == [("AZURE_SPEECH", 100), ("BACKUP_SPEECH", 20)]


def test_redis_counts_also_a_single_resource(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REDIS_URL", "redis://localhost")
    made = make_resources(configured_services(), make_leases())
    assert made is not None
    assert {one.name for one in made.states} == {"AZURE_SPEECH"}


async def test_the_resources_are_shown_from_the_start_of_the_job_to_its_end(
    environment: pytest.MonkeyPatch, until: Until
) -> None:
    _add_backup(environment)
    ended: list[str] = []
    environment.setattr(resources, "watch_resources", lambda _: _watch(ended))
    async with open_resources(configured_services()):
        await until(lambda: ended == ["not yet"])
    assert ended == ["not yet", "ended"]


async def _watch(ended: list[str]) -> None:
    ended.append("not yet")
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")
