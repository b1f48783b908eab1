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
from livekit.agents import AutoSubscribe, JobContext
from livekit.agents.__main__ import main
from resilience.environment import read_choice, read_number, require_environment
from resilience.metrics import watch_meeting
from resilience.recording import make_record, make_webhooks, open_keeper
from resilience.resources import configured_services, make_leases, make_resources, open_resources
from resilience.server import make_server
from resilience.traces import start_traces

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.web.tokens import AGENT_NAME

MAX_MEETINGS = read_number("MAX_MEETINGS", 5, least=1)
"""The meetings that one worker takes: docs/operations.md explains how to find the number."""
MODE = cast(Any, read_choice("MEETING_MODE", ("simultaneous", "consecutive"), "simultaneous"))
STAND_IN_VOICE = "en-US-AvaMultilingualNeural"
"""Speaks a translation whose own voice was lost, in any language."""

# As many idle processes as meetings: none is refused, however many open at the same instant.
server = make_server(most_rooms=MAX_MEETINGS, idle_processes=MAX_MEETINGS)
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
        if place := os.environ.get("RECORD_URL"):
            make_record(place)
    except ValueError as error:
        sys.exit(f"error: {error}")
    sys.exit(main(["start", __file__, *sys.argv[1:]]))
