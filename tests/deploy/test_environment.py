from __future__ import annotations

import pytest
from fakes.worker_process import ROOT
from resilience.environment import require_environment
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
