from __future__ import annotations

import pytest
from environment import require_environment

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


def _require(
    monkeypatch: pytest.MonkeyPatch, command: list[str], environment: dict[str, str], *services: str
) -> None:
    monkeypatch.setattr("sys.argv", ["agent.py", *command])
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    require_environment(*services)


@pytest.mark.parametrize("command", ["dev", "start", "connect"])
@pytest.mark.parametrize("missing", _ALL)
def test_a_command_that_serves_ends_with_one_line_that_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, command: str, missing: str
) -> None:
    environment = {name: value for name, value in _ALL.items() if name != missing}
    with pytest.raises(SystemExit, match=rf"^error: set {missing} \(see the top of agent.py\)$"):
        _require(monkeypatch, [command], environment)


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        (["start"], _ALL),
        (["start"], {**_LIVEKIT, "AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_ENDPOINT": "ws://service"}),
        (["start"], {**_LIVEKIT, "AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_HOST": "ws://container"}),
        (["console"], _AZURE),
        (["--help"], {}),
        ([], {}),
    ],
    ids=["region", "endpoint", "host", "console", "help", "nothing"],
)
def test_a_command_goes_on_with_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, command: list[str], environment: dict[str, str]
) -> None:
    _require(monkeypatch, command, environment)


def test_each_service_has_variables_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="set BACKUP_SPEECH_KEY, BACKUP_SPEECH_REGION "):
        _require(monkeypatch, ["start"], _ALL, "AZURE_SPEECH", "BACKUP_SPEECH")
