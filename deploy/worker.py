"""The production worker: an interpreter that goes on when a vendor fails, shows how it does, and drains.

    python deploy/worker.py

* Hearing, translating and speaking each have a second choice (`resilience/vendors.py`). While the Live
  Interpreter is away, another STT hears, an LLM translates and another voice speaks
  (`resilience/interpreter.py`).
* With REDIS_URL, the streams of the first Speech resource count over all workers (`resilience/resources.py`).
* http://localhost:8081/ answers 200 while the worker is healthy, and /worker shows its load and its jobs.
  HEALTH_PORT sets another port.
* http://localhost:9464/metrics is for Prometheus: LiveKit's metrics and those of `resilience/metrics.py`, of
  all processes of the worker. METRICS_PORT sets another port.
* With OTEL_EXPORTER_OTLP_ENDPOINT, each utterance is traced (`resilience/traces.py`).
* SIGTERM drains: the worker takes no new rooms, interprets those it has to their end, and exits with 0, after
  DRAIN_SECONDS at the latest. A second signal ends it at once.

README.md, beside this file, lists the variables. Options go to `python -m livekit.agents start`.
"""

import os
import sys
from contextlib import AsyncExitStack

# First: it decides where livekit.agents, imported next, keeps its metrics.
import resilience.directory  # noqa: F401 # pyright: ignore[reportUnusedImport]
from livekit.agents import AgentServer, AgentSession, JobContext
from livekit.agents.__main__ import main
from resilience.environment import require_environment
from resilience.interpreter import ResilientInterpreter
from resilience.metrics import watch_memory
from resilience.resource_metrics import forget_ended_jobs
from resilience.resources import make_leases, make_resources, open_resources
from resilience.traces import start_traces
from resilience.vendors import vendors

import livekit_plugins_azure_interpreter as azure_interpreter

LANGUAGE = "fr"
MAX_JOBS = int(os.environ.get("MAX_JOBS", "20"))
"""The rooms that one worker takes: docs/operations.md explains how to find the number."""


def load(worker: AgentServer) -> float:
    """How full the worker is, 0 to 1, for LiveKit's dispatch.

    The default is the load of the machine's CPU. It does not know how many streams Azure allows, and it
    reacts seconds late, so a burst of rooms overloads a worker. The cost of a room is known, so this counts
    rooms.
    """
    watch_memory()
    forget_ended_jobs()
    return len(worker.active_jobs) / MAX_JOBS


server = AgentServer(
    load_fnc=load,
    load_threshold=1.0,  # full at MAX_JOBS; the default is full at 0.7 of it
    # Processes that wait for a room, which then gets its interpreter at once. While a worker has no room,
    # LiveKit refuses more than this many that open at the same instant.
    num_idle_processes=2,
    initialize_process_timeout=60.0,  # the default of 10 is too short on a busy machine: LiveKit starts over
    port=int(os.environ.get("HEALTH_PORT", "8081")),
    prometheus_port=int(os.environ.get("METRICS_PORT", "9464")),
    drain_timeout=int(os.environ.get("DRAIN_SECONDS", "3600")),
)
# A room whose process or machine dies gets another interpreter.
azure_interpreter.MeetingWatch(everybody=True, leases=make_leases()).attach(server)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    closing = AsyncExitStack()
    resources = await closing.enter_async_context(open_resources(["AZURE_SPEECH"]))
    chosen = vendors(LANGUAGE, resources)
    flush_traces = start_traces(chosen.pair)
    session = AgentSession(stt=chosen.hearing, tts=chosen.speaking, **azure_interpreter.session_options())
    # The session ends when the person it listens to leaves. End the job then, too: the server keeps the room
    # for a while, and until then this worker could take no other room, and could not finish draining.
    session.on("close", lambda _: ctx.shutdown())

    async def close() -> None:
        await chosen.aclose()
        await closing.aclose()
        await flush_traces()

    ctx.add_shutdown_callback(close)
    agent = ResilientInterpreter(chosen.translating, language=LANGUAGE)
    await session.start(agent, room=ctx.room, room_options=azure_interpreter.room_options())


if __name__ == "__main__":
    # A worker without a key registers, takes rooms and interprets none: it is better that it does not start.
    require_environment("AZURE_SPEECH", "BACKUP_SPEECH")
    try:
        make_resources(["AZURE_SPEECH"], make_leases())  # what is malformed is told now, not by each job
    except ValueError as error:
        sys.exit(f"error: {error}")
    sys.exit(main(["start", __file__, *sys.argv[1:]]))
