"""What the workers among the examples are told by environment variables."""

import os
import sys

_SERVING = ("dev", "start", "connect")
"""Commands that need a LiveKit server."""


def require_environment(*services: str) -> None:
    """End with one line, before anything is started, if a variable that this command needs is not set.

    Args:
        *services: How the variables of each Speech resource begin.
    """
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    needed = []
    if command in (*_SERVING, "console"):
        for service in services or ("AZURE_SPEECH",):
            needed.append(f"{service}_KEY")
            if not {f"{service}_ENDPOINT", f"{service}_HOST"} & set(os.environ):
                needed.append(f"{service}_REGION")
    if command in _SERVING:
        needed += ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]
    if missing := [name for name in needed if not os.environ.get(name)]:
        sys.exit(f"error: set {', '.join(missing)} (see the top of {sys.argv[0]})")
