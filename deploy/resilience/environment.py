"""Checks the worker's variables before it starts."""

from __future__ import annotations

import os
import sys

_LIVEKIT = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")


def require_environment(*services: str) -> None:
    """End the process with one line that names the variables that are not set.

    Args:
        *services: How the variables of each Speech resource begin, such as AZURE_SPEECH.
    """
    needed = [name for service in services for name in _of_service(service)]
    if missing := [name for name in (*needed, *_LIVEKIT) if not os.environ.get(name)]:
        sys.exit(f"error: set {', '.join(missing)} (deploy/README.md explains the variables)")


def _of_service(service: str) -> list[str]:
    has_address = any(os.environ.get(f"{service}_{name}") for name in ("ENDPOINT", "HOST"))
    return [f"{service}_KEY"] if has_address else [f"{service}_KEY", f"{service}_REGION"]
