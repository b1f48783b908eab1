"""An interpreter for production: it goes on when a vendor does not, tells how it does, and leaves gracefully.

    python examples/resilient_agent.py start

* Hearing, translating and speaking each have a second choice (`resilience/vendors.py`). While the Live
  Interpreter is away, another STT hears, an LLM translates and another voice speaks
  (`resilience/interpreter.py`).
* http://localhost:8081/ answers 200 while the worker is healthy: it has not given up to reach LiveKit.
  /worker tells its load and its jobs. HEALTH_PORT is another port.
* http://localhost:9464/metrics is for Prometheus: LiveKit's own metrics and those of
  `resilience/metrics.py`, of all processes of the worker. METRICS_PORT is another port.
* SIGTERM drains: no new rooms, and those it has are interpreted to their end; then it leaves with 0. At the
  latest after DRAIN_SECONDS; whatever stops the process (Kubernetes, systemd) must wait longer than that. A
  second signal ends it at once.

It needs a LiveKit server (LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET), Azure Speech (AZURE_SPEECH_KEY,
AZURE_SPEECH_REGION) and a second resource of it, best in another region (BACKUP_SPEECH_KEY,
BACKUP_SPEECH_REGION). Without any account, run two emulators beside it, and stop the first to see the second
take over; without an LLM what the second hears is said as it is:

    python -m livekit_plugins_azure_interpreter.emulator
    python -m livekit_plugins_azure_interpreter.emulator --port 8766
    export AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2
    export BACKUP_SPEECH_KEY=any BACKUP_SPEECH_ENDPOINT=ws://127.0.0.1:8766/speech/universal/v2
"""

import os

# First: it decides where livekit.agents, imported next, keeps its metrics.
import resilience.directory  # noqa: F401 # pyright: ignore[reportUnusedImport]
from livekit.agents import AgentServer, AgentSession, JobContext
from resilience.interpreter import ResilientInterpreter
from resilience.vendors import vendors
from worker import run_worker, tell_which_rooms

import livekit_plugins_azure_interpreter as azure_interpreter

LANGUAGE = "fr"
MAX_JOBS = int(os.environ.get("MAX_JOBS", "20"))
"""Rooms that one worker takes: docs/operations.md tells how to find the number."""


def load(worker: AgentServer) -> float:
    """How full the worker is, 0 to 1, for LiveKit's dispatch.

    By default that is the machine's CPU. It says nothing of the streams that Azure allows, and lags behind
    by seconds: enough for a burst of rooms to overload a worker. What a room costs is known, so rooms are
    counted.
    """
    return len(worker.active_jobs) / MAX_JOBS


server = AgentServer(
    load_fnc=load,
    load_threshold=1.0,  # full is when MAX_JOBS is reached, and not at 0.7 of it, as by default
    # Started and waiting: a room gets its interpreter at once. While a worker has no room, LiveKit refuses
    # more than so many that open at the same instant.
    num_idle_processes=2,
    initialize_process_timeout=60.0,  # the 10 by default are too few on a busy machine, and it begins anew
    port=int(os.environ.get("HEALTH_PORT", "8081")),
    prometheus_port=int(os.environ.get("METRICS_PORT", "9464")),
    drain_timeout=int(os.environ.get("DRAIN_SECONDS", "3600")),
)
server.on("worker_registered", tell_which_rooms)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    chosen = vendors(LANGUAGE)
    ctx.add_shutdown_callback(chosen.aclose)
    session = AgentSession(stt=chosen.hearing, tts=chosen.speaking, **azure_interpreter.session_options())
    # The session ends when the person it listens to leaves. So does the job, then: the server would keep the
    # room for a while, and the worker could not take another, or, while it drains, not leave.
    session.on("close", lambda _: ctx.shutdown())
    await session.start(ResilientInterpreter(chosen.translating, language=LANGUAGE), room=ctx.room)


if __name__ == "__main__":
    run_worker("AZURE_SPEECH", "BACKUP_SPEECH")
