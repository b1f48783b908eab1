"""The production worker of the page: it interprets its meetings, shows how it does, and drains.

    python deploy/meeting_worker.py

It takes the rooms that tokens of the page open (`page.py`), MAX_MEETINGS at a time. Everybody hears the
others in their own language. Health, metrics, traces and draining are as in `worker.py`.

* BACKUP_SPEECH_KEY and so on: a second Speech resource, which takes over streams when the first one fails or
  is full (`resilience/resources.py`). With REDIS_URL, streams count over all workers.
* RECORD_URL, such as redis://redis:6379/0 or a path of a file, keeps what is said. Nothing is recorded
  without it. WEBHOOK_URL and WEBHOOK_SECRET: a web server that is told of each meeting, from the record.
* MEETING_MODE=consecutive: people speak in turn.

README.md, beside this file, lists the variables. Options go to `python -m livekit.agents start`.
"""

import os
import sys
from contextlib import AsyncExitStack
from typing import Any, cast

# First: it decides where livekit.agents, imported next, keeps its metrics.
import resilience.directory  # noqa: F401 # pyright: ignore[reportUnusedImport]
from livekit.agents import AgentServer, AutoSubscribe, JobContext
from livekit.agents.__main__ import main
from resilience.environment import require_environment
from resilience.metrics import watch_meeting, watch_memory
from resilience.recording import make_webhooks, open_keeper
from resilience.resource_metrics import forget_ended_jobs
from resilience.resources import configured_services, make_leases, make_resources, open_resources
from resilience.traces import start_traces

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.web.tokens import AGENT_NAME

MAX_MEETINGS = int(os.environ.get("MAX_MEETINGS", "5"))
"""The meetings that one worker takes: docs/operations.md explains how to find the number."""
MODE = cast(Any, os.environ.get("MEETING_MODE", "simultaneous"))
STAND_IN_VOICE = "en-US-AvaMultilingualNeural"
"""Speaks a translation whose own voice was lost, in any language."""


def load(worker: AgentServer) -> float:
    """How full the worker is, 0 to 1, for LiveKit's dispatch, and for autoscaling."""
    watch_memory()
    forget_ended_jobs()
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
azure_interpreter.MeetingWatch(agent_name=AGENT_NAME, leases=make_leases()).attach(server)


@server.rtc_session(agent_name=AGENT_NAME)
async def entrypoint(ctx: JobContext) -> None:
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    closing = AsyncExitStack()
    resources = await closing.enter_async_context(open_resources(configured_services()))
    stand_in = azure_interpreter.PersonalVoiceTTS(voice=STAND_IN_VOICE, speech_resources=resources)
    closing.push_async_callback(stand_in.aclose)
    keeper = await closing.enter_async_context(open_keeper())
    interpreter = azure_interpreter.MeetingInterpreter(
        fallback=lambda language: stand_in,
        default_voice="prebuilt",  # nobody is copied who did not ask for it; the page asks everybody
        interpret_agents=True,
        mode=MODE,
        record=keeper,
        speech_resources=resources,
    )
    watch_meeting(interpreter)
    flush_traces = start_traces(interpreter, keeper)

    async def close() -> None:
        # In this order: the last utterances end as the interpreter closes.
        await interpreter.aclose()
        await closing.aclose()
        await flush_traces()

    ctx.add_shutdown_callback(close)
    await interpreter.start(ctx.room)


if __name__ == "__main__":
    require_environment(*configured_services())
    try:
        # What is malformed is told now, not by each job.
        make_resources(configured_services(), make_leases())
        make_webhooks()
    except ValueError as error:
        sys.exit(f"error: {error}")
    sys.exit(main(["start", __file__, *sys.argv[1:]]))
