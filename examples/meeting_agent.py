"""A meeting in which everybody hears the others in their own language, in the voices of those who speak.

    python -m livekit.agents start --dev examples/meeting_agent.py

A participant chooses what to hear with the attribute "language", such as "fr": in the token
(`AccessToken(…).with_attributes({"language": "fr"})`), or later (`localParticipant.setAttributes(…)`).

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY and AZURE_SPEECH_REGION, and join a new
room. Without an Azure account, run `python -m livekit_plugins_azure_interpreter.emulator` beside it and set
AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. It translates nothing.
"""

import logging
import os

from livekit.agents import AgentServer, AutoSubscribe, JobContext

import livekit_plugins_azure_interpreter as azure_interpreter

FULL = 0.7  # beyond it LiveKit gives a worker no room, unless the server has another `target_load`
MAX_MEETINGS = int(os.environ.get("MAX_MEETINGS", "5"))  # a meeting costs a stream per speaker
logger = logging.getLogger("meeting")


def load(worker: AgentServer) -> float:
    """How full the worker is, 0 to 0.7. The default, the CPU's load, rises late in a burst of meetings."""
    return FULL * len(worker.active_jobs) / MAX_MEETINGS


server = AgentServer(
    load_fnc=load,
    load_threshold=FULL,
    # A meeting is a process that takes seconds to start. These wait, so that first words are interpreted.
    num_idle_processes=MAX_MEETINGS,
    initialize_process_timeout=60.0,  # the default of 10 is too short on a busy machine
    port=int(os.environ.get("HEALTH_PORT", "8081")),  # answers 200 while the worker is well
)
# A meeting whose process or machine dies has another interpreter within seconds.
azure_interpreter.MeetingWatch().attach(server)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    # Without this, LiveKit sends everybody's video, too.
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    # It speaks each translation whose voice was lost. One multilingual voice is enough for all languages.
    stand_in = azure_interpreter.PersonalVoiceTTS(voice="en-US-AvaMultilingualNeural")
    ctx.add_shutdown_callback(stand_in.aclose)
    interpreter = azure_interpreter.MeetingInterpreter(fallback=lambda language: stand_in)
    interpreter.on("interpretation_changed", log_change)
    # It works by itself from here. The job ends with the room, and the interpreter with the job.
    await interpreter.start(ctx.room)


def log_change(change: azure_interpreter.InterpretationChanged) -> None:
    """Who is interpreted into what: Azure charges for the audio of a speaker once, and for each voice."""
    logger.info("%s into %s: %s", change.speaker, change.language, change.state)
