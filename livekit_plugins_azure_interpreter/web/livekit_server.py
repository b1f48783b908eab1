"""A LiveKit server that only this machine reaches."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

HOST = "127.0.0.1"
WHERE_TO_GET_ONE = (
    "have livekit-server (https://github.com/livekit/livekit/releases; `brew install livekit` on a Mac) on "
    "PATH or in LIVEKIT_SERVER_BIN, or set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET of one that "
    "runs"
)
_NO_STUN_SERVER = f"{HOST}:9"


def find_livekit_server(environment: Mapping[str, str]) -> str | None:
    """The program: that of LIVEKIT_SERVER_BIN, or the one on PATH, or None.

    Args:
        environment: The variables.

    Raises:
        ValueError: LIVEKIT_SERVER_BIN names no program.
    """
    wanted = environment.get("LIVEKIT_SERVER_BIN")
    binary = shutil.which(wanted or "livekit-server", path=environment.get("PATH"))
    if wanted and binary is None:
        raise ValueError(f"LIVEKIT_SERVER_BIN: {wanted} is not a program")
    return binary


def loopback_configuration(*, port: int, udp_port: int, key: str, secret: str) -> dict[str, Any]:
    """A configuration with which nothing leaves this machine; JSON, which LiveKit reads as YAML.

    Args:
        port: For HTTP and WebSockets.
        udp_port: For sound and pictures.
        key: The API key.
        secret: The API secret.
    """
    return {
        "port": port,
        "bind_addresses": [HOST],
        "keys": {key: secret},
        "logging": {"level": "warn"},
        "rtc": {
            "udp_port": udp_port,
            "tcp_port": 0,
            "node_ip": HOST,
            "interfaces": {"includes": ["lo", "lo0"]},
            "enable_loopback_candidate": True,
            # Clients would else ask public servers for their address.
            "stun_servers": [_NO_STUN_SERVER],
        },
    }
