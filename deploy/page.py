"""Serves the page of the meetings, without a worker: `meeting_worker.py` interprets them.

    python deploy/page.py

* LIVEKIT_URL is the address at which browsers find the LiveKit server: wss://, unless the page is on
  loopback.
* PUBLIC_URL is the address that people open. A proxy with TLS stands there, and sets X-Forwarded-For.
  Without it, the page is for this machine only, as http://localhost.
* RECORD_URL is where `meeting_worker.py` records: people in a meeting can then download what was said.
* MEETING_PASSWORD lets people in who know it. With PUBLIC_URL and without a password, people need an invite,
  and the first one is printed.

README.md, beside this file, lists all variables.
"""

import os
import sys
import time

from aiohttp import web
from resilience.environment import read_number, require_environment
from resilience.recording import make_record

from livekit_plugins_azure_interpreter.web import (
    Admission,
    InviteAdmission,
    Invites,
    LiveKit,
    Meeting,
    OpenAdmission,
    PasswordAdmission,
    Reach,
    create_app,
)

PORT = read_number("PAGE_PORT", 8080, most=65535)
ROOM = os.environ.get("MEETING_ROOM", "meeting")
PUBLIC_URL = os.environ.get("PUBLIC_URL") or None
RECORD_URL = os.environ.get("RECORD_URL", "")
PASSWORD = os.environ.get("MEETING_PASSWORD", "")


def admission() -> Admission:
    """Who may join. A page for everybody must have a password, or invites."""
    if PASSWORD:
        return PasswordAdmission(PASSWORD)
    return OpenAdmission() if PUBLIC_URL is None else InviteAdmission()


def main() -> None:
    require_environment()
    livekit = LiveKit(*(os.environ[f"LIVEKIT_{name}"] for name in ("URL", "API_KEY", "API_SECRET")))
    who = admission()
    meeting = Meeting(ROOM, is_emulated=bool(os.environ.get("IS_EMULATED")))
    # In a container, loopback is not the host's: others are kept out by the name under which they ask.
    reach = Reach(public_url=PUBLIC_URL)
    record = make_record(RECORD_URL) if RECORD_URL else None
    app = create_app(livekit, who, meeting=meeting, reach=reach, record=record)
    if record is not None:
        app.on_cleanup.append(lambda _: record.aclose())
    if PUBLIC_URL is not None and who.needs == "invite":
        invite, _ = Invites(livekit.secret).make(ROOM, now=time.time())
        print(f"The first invite: {PUBLIC_URL.rstrip('/')}/#invite={invite}", flush=True)
    web.run_app(app, host=os.environ.get("PAGE_HOST", "127.0.0.1"), port=PORT, access_log=None)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, ImportError) as error:
        sys.exit(f"error: {error}")
