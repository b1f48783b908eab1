from __future__ import annotations

import json
from pathlib import Path

import pytest

from livekit_plugins_azure_interpreter.web.livekit_server import find_livekit_server, loopback_configuration


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "livekit-server"
    path.touch(mode=0o755)
    return path


def test_a_program_is_found_by_its_path_or_on_path(binary: Path) -> None:
    assert find_livekit_server({"LIVEKIT_SERVER_BIN": str(binary), "PATH": ""}) == str(binary)
    assert find_livekit_server({"PATH": str(binary.parent)}) == str(binary)
    assert find_livekit_server({"PATH": ""}) is None


def test_a_path_that_leads_nowhere_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="LIVEKIT_SERVER_BIN: /nowhere is not a program"):
        find_livekit_server({"LIVEKIT_SERVER_BIN": "/nowhere", "PATH": ""})


def test_all_addresses_of_the_configuration_are_of_this_machine() -> None:
    configuration = loopback_configuration(port=1, udp_port=2, key="key", secret="secret")
    assert configuration["bind_addresses"] == ["127.0.0.1"]
    assert configuration["keys"] == {"key": "secret"}
    assert configuration["rtc"]["stun_servers"] == ["127.0.0.1:9"]
    json.dumps(configuration)
