"""The worker that interprets meetings: `python -m livekit_plugins_azure_interpreter.web.worker`.

It takes the rooms that tokens of this endpoint open. Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET and
Azure's variables. MAX_MEETINGS limits how many meetings it interprets at a time. With
MEETING_MODE=consecutive people speak in turn. MEETING_RECORD names a file of SQLite or a Redis in which
meetings are recorded. It answers 200 on HEALTH_PORT while it is well; HEALTH_HOST is
the address for that. Options go to `python -m livekit.agents start`.
"""

from __future__ import annotations

import os
import sys
from typing import Any, cast

from livekit.agents import AgentServer, AutoSubscribe, JobContext
from livekit.agents.__main__ import main

from ..meeting import MeetingInterpreter
from ..meeting_watch import MeetingWatch
from ..personal_voice import PersonalVoiceTTS
from ..record import open_record
from .tokens import AGENT_NAME

_MAX_MEETINGS = int(os.environ.get("MAX_MEETINGS", "5"))
_MODE = cast(Any, os.environ.get("MEETING_MODE", "simultaneous"))
_RECORD = os.environ.get("MEETING_RECORD", "")
_FULL = 0.7
"""Beyond this load LiveKit gives a worker no meeting, unless the server has another `target_load`."""
_STAND_IN_VOICE = "en-US-AvaMultilingualNeural"
"""Speaks a translation whose own voice was lost, in any language."""


def load(worker: AgentServer) -> float:
    """How full it is, 0 to 0.7. LiveKit's default, the CPU's load, refuses meetings on a busy machine."""
    return _FULL * len(worker.active_jobs) / _MAX_MEETINGS


server = AgentServer(
    load_fnc=load,
    load_threshold=_FULL,
    num_idle_processes=1,  # somebody waits for the first words
    initialize_process_timeout=60.0,
    host=os.environ.get("HEALTH_HOST", ""),
    port=int(os.environ.get("HEALTH_PORT", "8081")),
)
MeetingWatch(agent_name=AGENT_NAME).attach(server)


@server.rtc_session(agent_name=AGENT_NAME)
async def entrypoint(ctx: JobContext) -> None:
    """Interpret one meeting, as long as its room is there."""
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    stand_in = PersonalVoiceTTS(voice=_STAND_IN_VOICE)
    ctx.add_shutdown_callback(stand_in.aclose)
    interpreter = MeetingInterpreter(
        fallback=lambda language: stand_in,
        default_voice="prebuilt",  # nobody is copied who did not ask for it; the page asks everybody
        interpret_agents=True,
        mode=_MODE,
        record=open_record(_RECORD) if _RECORD else None,  # its end is that of the job's process
    )
    await interpreter.start(ctx.room)


if __name__ == "__main__":
    sys.exit(main(["start", __file__, *sys.argv[1:]]))
