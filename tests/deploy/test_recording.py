"""The record of meetings, and its webhooks, by the variables of a worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.webhook_receiver import SECRET
from resilience.recording import make_webhooks, open_keeper

from livekit_plugins_azure_interpreter.record import SQLiteRecord


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing is recorded."""
    for name in ("RECORD_URL", "WEBHOOK_URL", "WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "")  # as Compose leaves it
    return monkeypatch


async def test_nothing_is_recorded_unless_the_variable_says_where(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with open_keeper() as keeper:
        assert keeper is None
    environment.setenv("RECORD_URL", str(tmp_path / "meetings.db"))
    async with open_keeper() as keeper:
        assert keeper is not None
        assert isinstance(keeper.record, SQLiteRecord)


def test_webhooks_are_those_of_the_receiver(environment: pytest.MonkeyPatch) -> None:
    assert make_webhooks() == []
    environment.setenv("RECORD_URL", "meetings.db")
    environment.setenv("WEBHOOK_URL", "https://crm.example.com/meetings")
    environment.setenv("WEBHOOK_SECRET", f"{SECRET} {SECRET}")  # while it changes
    (webhooks,) = make_webhooks()
    assert "crm.example.com" in repr(webhooks)


@pytest.mark.parametrize("missing", ["RECORD_URL", "WEBHOOK_SECRET"])
def test_webhooks_without_a_record_or_a_secret_are_an_error(
    environment: pytest.MonkeyPatch, missing: str
) -> None:
    environment.setenv("RECORD_URL", "meetings.db")
    environment.setenv("WEBHOOK_URL", "https://crm.example.com/meetings")
    environment.setenv("WEBHOOK_SECRET", SECRET)
    environment.setenv(missing, "")
    with pytest.raises(ValueError, match=rf"^WEBHOOK_URL needs {missing}\b"):
        make_webhooks()
