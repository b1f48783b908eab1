"""The worker of `cold_start`: each job logs when it began, when its session had started, and its first word.

Times are those of the system's clock, which all processes share. IDLE_PROCESSES, AGENT_NAME and
HEALTH_PORT are its variables, beside those of LiveKit and of the credentials.
"""

from __future__ import annotations

import logging
import os
import sys
import time

from livekit.agents import AgentServer, AgentSession, JobContext, UserInputTranscribedEvent
from livekit.agents.__main__ import main

import livekit_plugins_azure_interpreter as azure_interpreter

_logger = logging.getLogger("cold_start")
server = AgentServer(
    num_idle_processes=int(os.environ.get("IDLE_PROCESSES", "0")),
    initialize_process_timeout=60.0,
    load_fnc=lambda: 0.0,
    port=int(os.environ.get("HEALTH_PORT", "0")),
)


@server.rtc_session(agent_name=os.environ.get("AGENT_NAME", "cold-start"))
async def entrypoint(ctx: JobContext) -> None:
    _log(ctx, "began")
    stt = azure_interpreter.STT(target_languages="fr")
    session = AgentSession(stt=stt, tts=azure_interpreter.TTS(stt), **azure_interpreter.session_options())
    session.on("close", lambda _: ctx.shutdown())

    def first_word(event: UserInputTranscribedEvent) -> None:
        session.off("user_input_transcribed", first_word)
        _log(ctx, "interpreted")

    session.on("user_input_transcribed", first_word)
    await session.start(azure_interpreter.InterpreterAgent(), room=ctx.room)
    _log(ctx, "started")


def _log(ctx: JobContext, what: str) -> None:
    _logger.warning("cold start of %s: %s at %.4f", ctx.job.room.name, what, time.time())


if __name__ == "__main__":
    sys.exit(main(["start", __file__]))
