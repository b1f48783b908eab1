"""Where the tests of the room find a LiveKit server."""

from __future__ import annotations

from pathlib import Path

import pytest

from .server import Server, find_server

_GIVEN = {"LIVEKIT_URL": "ws://a.example", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret"}


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "livekit-server"
    path.touch(mode=0o755)
    return path


def test_one_that_runs_is_preferred(binary: Path) -> None:
    found = find_server({**_GIVEN, "LIVEKIT_SERVER_BIN": str(binary)})
    assert isinstance(found, Server)
    assert found.environment == _GIVEN


def test_a_binary_is_found_by_its_path_or_on_path(binary: Path) -> None:
    assert find_server({"LIVEKIT_SERVER_BIN": str(binary), "PATH": ""}) == str(binary)
    assert find_server({"PATH": str(binary.parent)}) == str(binary)


def test_a_machine_may_have_no_server() -> None:
    assert find_server({"PATH": ""}) is None


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"LIVEKIT_URL": "ws://a.example", "LIVEKIT_API_KEY": "key"}, "LIVEKIT_API_SECRET"),
        ({"LIVEKIT_SERVER_BIN": "/nowhere/livekit-server"}, "LIVEKIT_SERVER_BIN"),
    ],
)
def test_a_mistake_is_no_reason_to_skip(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        find_server({"PATH": "", **environment})
