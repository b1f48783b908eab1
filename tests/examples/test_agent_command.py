from __future__ import annotations

import logging
from typing import Any

import agent_command
import pytest
import room_agent
from agent_command import run_worker

_AZURE = {"AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_REGION": "westeurope"}
_LIVEKIT = {"LIVEKIT_URL": "ws://server", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret"}
_ALL = {**_AZURE, **_LIVEKIT}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("AZURE_SPEECH", "BACKUP_SPEECH"):
        for name in ("KEY", "REGION", "ENDPOINT", "HOST"):
            monkeypatch.delenv(f"{service}_{name}", raising=False)
    for name in _LIVEKIT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def started(mocker: Any) -> Any:
    """LiveKit's own command line, which would serve."""
    return mocker.patch.object(agent_command, "main", return_value=0)


def _run(
    monkeypatch: pytest.MonkeyPatch, command: list[str], environment: dict[str, str], *services: str
) -> None:
    monkeypatch.setattr("sys.argv", ["agent.py", *command])
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    run_worker(*services)


@pytest.mark.parametrize("missing", _ALL)
def test_a_worker_ends_with_one_line_that_names_the_variable_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, started: Any, missing: str
) -> None:
    environment = {name: value for name, value in _ALL.items() if name != missing}
    with pytest.raises(SystemExit, match=rf"^error: set {missing} \(see the top of agent.py\)$"):
        _run(monkeypatch, ["start"], environment)
    assert not started.called


@pytest.mark.parametrize(
    "environment",
    [
        _ALL,
        {**_LIVEKIT, "AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_ENDPOINT": "ws://service"},
        {**_LIVEKIT, "AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_HOST": "ws://container"},
    ],
    ids=["region", "endpoint", "host"],
)
def test_a_worker_is_started_by_livekits_own_command(
    monkeypatch: pytest.MonkeyPatch, started: Any, environment: dict[str, str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _run(monkeypatch, ["start", "--dev"], environment)
    assert ended.value.code == 0
    started.assert_called_once_with(["start", "agent.py", "--dev"])


def test_each_service_has_variables_of_its_own(monkeypatch: pytest.MonkeyPatch, started: Any) -> None:
    with pytest.raises(SystemExit, match="set BACKUP_SPEECH_KEY, BACKUP_SPEECH_REGION "):
        _run(monkeypatch, ["start"], _ALL, "AZURE_SPEECH", "BACKUP_SPEECH")


@pytest.mark.parametrize("command", ["dev", "console", "connect"])
def test_a_command_that_livekit_has_deprecated_names_the_one_to_use(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    with pytest.raises(SystemExit, match=r"^error: .* use `python agent.py start --dev`.*`lk agent dev"):
        _run(monkeypatch, [command], _ALL)


@pytest.mark.parametrize("command", [[], ["--help"], ["serve"]])
def test_anything_else_is_answered_with_the_usage(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^usage: python agent.py start "):
        _run(monkeypatch, command, {})


def test_a_worker_that_is_ready_says_that_rooms_which_are_open_stay_silent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "worker"):
        room_agent.server.emit("worker_registered", "an id", None)
    assert "A room that is open already stays without one" in caplog.text
