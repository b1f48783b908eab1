"""A worker for meetings, as a process of its own: with or without a watch, and with a record.

MEETING_WATCH=off leaves the watch out; RECORD names the file of the record; MAX_MEETINGS is how many it
takes.
"""

from __future__ import annotations

import os

from livekit.agents import AgentServer, AutoSubscribe, JobContext

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.record import SQLiteRecord

server = AgentServer(
    load_fnc=lambda worker: len(worker.active_jobs) / int(os.environ.get("MAX_MEETINGS", "5")),
    load_threshold=1.0,
    num_idle_processes=2,
    initialize_process_timeout=60.0,
    drain_timeout=int(os.environ.get("DRAIN_SECONDS", "3600")),
    port=int(os.environ["HEALTH_PORT"]),
)
if os.environ.get("MEETING_WATCH") != "off":
    azure_interpreter.MeetingWatch().attach(server)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    record = SQLiteRecord(path) if (path := os.environ.get("RECORD")) else None
    await azure_interpreter.MeetingInterpreter(record=record).start(ctx.room)
