"""Starts the workers among the examples as LiveKit recommends: by `python -m livekit.agents`, or `lk`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from livekit.agents.__main__ import main

logger = logging.getLogger("worker")

_DEPRECATED = ("dev", "console", "connect")
"""Commands of LiveKit's earlier `cli.run_app`."""


def run_worker(*services: str) -> None:
    """Have `python AGENT.py start …` do what `python -m livekit.agents start AGENT.py …` does.

    Variables that are missing are told before.

    Args:
        *services: How the variables of each Speech resource begin, if not with AZURE_SPEECH.
    """
    agent, command, *options = [*sys.argv, ""][: max(2, len(sys.argv))]
    if command in _DEPRECATED:
        path = Path(agent)
        sys.exit(
            f"error: LiveKit has deprecated `{command}`: use `python {path} start --dev`, or LiveKit's CLI: "
            f"`lk agent dev {path}`, `lk agent console {path}`"
        )
    if command != "start":
        sys.exit(f"usage: python {agent} start [--dev] [--help]")
    if "--help" not in options:
        require_environment(services or ("AZURE_SPEECH",))
    sys.exit(main([command, agent, *options]))


def require_environment(services: Sequence[str]) -> None:
    """End with one line, before anything is started, if a variable that a worker needs is not set."""
    needed = []
    for service in services:
        needed.append(f"{service}_KEY")
        if not {f"{service}_ENDPOINT", f"{service}_HOST"} & set(os.environ):
            needed.append(f"{service}_REGION")
    needed += ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]
    if missing := [name for name in needed if not os.environ.get(name)]:
        sys.exit(f"error: set {', '.join(missing)} (see the top of {sys.argv[0]})")


def tell_which_rooms(*_: object) -> None:
    """For `server.on("worker_registered", …)`: nothing else says why a room that was open stays silent."""
    logger.info(
        "waiting for rooms: LiveKit asks for an agent when a room is created. A room that is open already "
        "stays without one until it is created again: after everybody has left it (by default 20 s later)"
    )
