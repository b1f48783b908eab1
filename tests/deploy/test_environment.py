from __future__ import annotations

import pytest
from fakes.worker_process import ROOT
from resilience import recording, resources, server
from resilience.environment import read_choice, read_number, require_environment
from resilience.resources import SERVICES

_LIVEKIT = {"LIVEKIT_URL": "ws://server", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret"}
_ALL = {
    **_LIVEKIT,
    "AZURE_SPEECH_KEY": "any",
    "AZURE_SPEECH_REGION": "westeurope",
    "BACKUP_SPEECH_KEY": "any",
    "BACKUP_SPEECH_REGION": "eastus",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """All that the worker needs."""
    for service in SERVICES:
        for name in ("ENDPOINT", "HOST"):
            monkeypatch.delenv(f"{service}_{name}", raising=False)
    for name, value in _ALL.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("missing", _ALL)
def test_the_worker_ends_with_one_line_that_names_the_variable_that_is_missing(
    environment: pytest.MonkeyPatch, missing: str
) -> None:
    environment.delenv(missing)
    with pytest.raises(SystemExit, match=rf"^error: set {missing} \(deploy/README\.md explains"):
        require_environment(*SERVICES)


@pytest.mark.parametrize("address", ["ENDPOINT", "HOST"])
def test_an_address_stands_for_the_region_of_its_own_service(
    environment: pytest.MonkeyPatch, address: str
) -> None:
    environment.delenv("BACKUP_SPEECH_REGION")
    environment.setenv(f"BACKUP_SPEECH_{address}", "ws://service")
    require_environment(*SERVICES)
    environment.delenv("AZURE_SPEECH_REGION")
    with pytest.raises(SystemExit, match=r"^error: set AZURE_SPEECH_REGION \("):
        require_environment(*SERVICES)


def test_the_page_of_the_workers_explains_every_variable() -> None:
    page = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    parts = ("KEY", "REGION", "ENDPOINT", "HOST", "STREAMS")
    names = {*_ALL, *(f"{service}_{part}" for service in SERVICES for part in parts)}
    assert [name for name in sorted(names) if name not in page] == []


@pytest.mark.parametrize("value", ["", None])
def test_a_variable_that_is_not_set_has_its_default(
    environment: pytest.MonkeyPatch, value: str | None
) -> None:
    for name in ("ROOMS", "MODE"):
        environment.setenv(name, value) if value is not None else environment.delenv(name, raising=False)
    assert read_number("ROOMS", 5, least=1) == 5
    assert read_choice("MODE", ("one", "other"), "one") == "one"


@pytest.mark.parametrize("value", ["many", "0", "-1", "2.5", "8"])
def test_a_number_that_is_none_or_out_of_range_is_named(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("ROOMS", value)
    with pytest.raises(SystemExit, match=rf"^error: ROOMS must be a whole number, 1 to 7, not '{value}' \("):
        read_number("ROOMS", 5, least=1, most=7)


@pytest.mark.parametrize("name", ["HEALTH_PORT", "METRICS_PORT", "DRAIN_SECONDS"])
def test_the_worker_ends_with_a_sentence_that_names_its_malformed_number(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv(name, "some")
    with pytest.raises(SystemExit, match=rf"^error: {name} must be a whole number, 0 .* not 'some' \("):
        server.make_server(most_rooms=1, idle_processes=0)


def test_a_word_that_is_none_of_the_choices_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MODE", "both")
    with pytest.raises(SystemExit, match=r"^error: MODE must be one or other, not 'both' \("):
        read_choice("MODE", ("one", "other"), "one")


def test_the_streams_of_a_resource_are_a_number(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BACKUP_SPEECH_STREAMS", "all")
    with pytest.raises(SystemExit, match=r"^error: BACKUP_SPEECH_STREAMS must be a whole number, 1 or more"):
        resources.make_resources(SERVICES, None)


@pytest.mark.parametrize("url", ["a secret", "redis://:a secret@redis:port/0", "redis://a secret:port"])
def test_a_malformed_redis_is_named_without_its_password(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("REDIS_URL", url)
    with pytest.raises(SystemExit, match=r"^error: REDIS_URL must be the address of a Redis") as ended:
        resources.make_leases()
    assert "secret" not in str(ended.value)


@pytest.mark.parametrize("place", ["redis://:a secret@redis:port/0", "/no/such/secret folder/meetings.db"])
def test_a_malformed_place_of_the_record_is_named(place: str) -> None:
    with pytest.raises(SystemExit, match=r"^error: RECORD_URL must be the address of a Redis, or") as ended:
        recording.make_record(place)
    assert "secret" not in str(ended.value)
