"""The production worker of the page: it interprets its meetings, shows how it does, and drains.

    python deploy/meeting_worker.py

It takes the rooms that tokens of the page open (`page.py`), MAX_MEETINGS at a time. Everybody hears the
others in their own language. Health, metrics, traces and draining are as in `worker.py`.

* RECORD_URL, such as redis://redis:6379/0 or a path of a file, keeps what is said. Nothing is recorded
  without it.
* MEETING_MODE=consecutive: people speak in turn.

README.md, beside this file, lists the variables. Options go to `python -m livekit.agents start`.
"""

import os
import sys
from typing import Any, cast

# First: it decides where livekit.agents, imported next, keeps its metrics.
import resilience.directory  # noqa: F401 # pyright: ignore[reportUnusedImport]
from livekit.agents import AgentServer, AutoSubscribe, JobContext
from livekit.agents.__main__ import main
from resilience.environment import require_environment
from resilience.metrics import watch_meeting, watch_memory
from resilience.traces import start_traces

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.record import Keeper, Record, RedisRecord, SQLiteRecord
from livekit_plugins_azure_interpreter.web.tokens import AGENT_NAME

MAX_MEETINGS = int(os.environ.get("MAX_MEETINGS", "5"))
"""The meetings that one worker takes: docs/operations.md explains how to find the number."""
MODE = cast(Any, os.environ.get("MEETING_MODE", "simultaneous"))
STAND_IN_VOICE = "en-US-AvaMultilingualNeural"
"""Speaks a translation whose own voice was lost, in any language."""


def load(worker: AgentServer) -> float:
    """How full the worker is, 0 to 1, for LiveKit's dispatch, and for autoscaling."""
    watch_memory()
    return len(worker.active_jobs) / MAX_MEETINGS


server = AgentServer(
    load_fnc=load,
    load_threshold=1.0,  # full at MAX_MEETINGS; the default is full at 0.7 of it
    num_idle_processes=MAX_MEETINGS,  # so that none is refused, however many open at the same instant
    initialize_process_timeout=60.0,  # the default of 10 is too short on a busy machine
    port=int(os.environ.get("HEALTH_PORT", "8081")),
    prometheus_port=int(os.environ.get("METRICS_PORT", "9464")),
    drain_timeout=int(os.environ.get("DRAIN_SECONDS", "3600")),
)
# A meeting whose process or machine dies has another interpreter within seconds.
azure_interpreter.MeetingWatch(agent_name=AGENT_NAME).attach(server)


@server.rtc_session(agent_name=AGENT_NAME)
async def entrypoint(ctx: JobContext) -> None:
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    stand_in = azure_interpreter.PersonalVoiceTTS(voice=STAND_IN_VOICE)
    record = open_record(os.environ.get("RECORD_URL", ""))
    keeper = None if record is None else Keeper(record)
    interpreter = azure_interpreter.MeetingInterpreter(
        fallback=lambda language: stand_in,
        default_voice="prebuilt",  # nobody is copied who did not ask for it; the page asks everybody
        interpret_agents=True,
        mode=MODE,
        record=keeper,
    )
    watch_meeting(interpreter)
    flush_traces = start_traces(interpreter, keeper)

    async def close() -> None:
        # In this order: the last utterances end as the interpreter closes.
        await interpreter.aclose()
        if keeper is not None and record is not None:
            await keeper.aclose()
            await record.aclose()
        await stand_in.aclose()
        await flush_traces()

    ctx.add_shutdown_callback(close)
    await interpreter.start(ctx.room)


def open_record(url: str) -> Record | None:
    """Where entries are kept; None: nothing is recorded."""
    if not url:
        return None
    return RedisRecord(url) if "://" in url else SQLiteRecord(url)


if __name__ == "__main__":
    require_environment("AZURE_SPEECH")
    sys.exit(main(["start", __file__, *sys.argv[1:]]))
