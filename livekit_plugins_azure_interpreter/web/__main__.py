"""Runs a meeting as a command."""

from __future__ import annotations

import argparse
import os
import sys

from aiohttp import web

from .admission import OpenAdmission
from .server import LiveKit, Meeting, create_app


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m livekit_plugins_azure_interpreter.web")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--room", default="meeting")
    options = parser.parse_args(arguments)
    livekit = LiveKit(*(os.environ[f"LIVEKIT_{name}"] for name in ("URL", "API_KEY", "API_SECRET")))
    is_emulated = not os.environ.get("AZURE_SPEECH_KEY")
    app = create_app(livekit, OpenAdmission(), Meeting(options.room, is_emulated=is_emulated))
    web.run_app(app, host="127.0.0.1", port=options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
