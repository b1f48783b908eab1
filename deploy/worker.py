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

import sys
from contextlib import AsyncExitStack

# First: it decides where livekit.agents, imported next, keeps its metrics.
import resilience.directory  # noqa: F401 # pyright: ignore[reportUnusedImport]
from livekit.agents import AgentSession, JobContext
from livekit.agents.__main__ import main
from resilience.environment import read_number, require_environment
from resilience.interpreter import ResilientInterpreter
from resilience.resources import make_leases, make_resources, open_resources
from resilience.server import make_server
from resilience.traces import start_traces
from resilience.vendors import vendors

import livekit_plugins_azure_interpreter as azure_interpreter

LANGUAGE = "fr"
MAX_JOBS = read_number("MAX_JOBS", 20, least=1)
"""The rooms that one worker takes: docs/operations.md explains how to find the number."""

server = make_server(most_rooms=MAX_JOBS, idle_processes=2)
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
