"""A meeting in which everybody hears the others in their own language, in the voices of those who speak.

    python examples/meeting_agent.py start --dev

A participant says by the attribute "language" what they want to hear: "fr", in the token that lets them in
(`AccessToken(…).with_attributes({"language": "fr"})`), or later from any client
(`localParticipant.setAttributes({language: "fr"})`), as often as they like. They subscribe to what there is,
as clients do by default, and hear what they asked for.

It needs a LiveKit server (LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET) and Azure Speech
(AZURE_SPEECH_KEY, AZURE_SPEECH_REGION). Without an Azure account, run the emulator beside
it. It recognizes and translates nothing: what is said comes back as it was said:

    python -m livekit_plugins_azure_interpreter.emulator
    export AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2
"""

import logging
import os

from agent_command import run_worker, tell_which_rooms
from livekit.agents import AgentServer, AutoSubscribe, JobContext

import livekit_plugins_azure_interpreter as azure_interpreter

ANY_LANGUAGE_VOICE = "en-US-AvaMultilingualNeural"
"""A prebuilt voice of Azure's that speaks whatever language a text is in."""

MAX_MEETINGS = int(os.environ.get("MAX_MEETINGS", "5"))
"""What one worker takes. A meeting costs a stream for each speaker and language: see docs/operations.md."""

logger = logging.getLogger("meeting")


def load(worker: AgentServer) -> float:
    """How full the worker is, 0 to 1; LiveKit gives a meeting to one that is not full.

    By default that is the CPU's load, with which a burst of meetings would all go to the same worker.
    """
    return len(worker.active_jobs) / MAX_MEETINGS


server = AgentServer(
    load_fnc=load,
    load_threshold=1.0,  # by default a worker is full at 0.7
    # Each meeting is a process of its own, and starting one takes seconds. These are started already when
    # somebody enters, so that their first words are interpreted; with --dev there is none. While a worker has
    # no meeting, LiveKit refuses more than so many that open at the same instant: see docs/operations.md.
    num_idle_processes=MAX_MEETINGS,
    initialize_process_timeout=60.0,  # the 10 by default are too few on a busy machine, and it begins anew
    # Where the worker says that it is well. A second worker on the same machine needs another one.
    port=int(os.environ.get("HEALTH_PORT", "8081")),
)
server.on("worker_registered", tell_which_rooms)


# Without an agent_name, LiveKit asks a worker for each room that is opened. With one, only for the rooms that
# ask for it, in a token or by the API: what you want where not every room is a meeting.
@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    # The interpreter listens to voices; without this it would be sent everybody's video, too.
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    # A translation whose voice is lost on its way is spoken all the same. One is enough for all languages.
    stand_in = azure_interpreter.PersonalVoiceTTS(voice=ANY_LANGUAGE_VOICE)
    ctx.add_shutdown_callback(stand_in.aclose)
    interpreter = azure_interpreter.MeetingInterpreter(
        fallback=lambda language: stand_in,
        # Of this meeting. A resource (S0) allows 100 streams, over all meetings of all workers.
        max_streams=int(os.environ.get("MAX_STREAMS", "100")),
    )
    interpreter.on("interpretation_changed", log_change)
    # From here on it works by itself. The job ends with the room, which the server closes when everybody
    # has left; the interpreter with the job.
    await interpreter.start(ctx.room)


def log_change(change: azure_interpreter.InterpretationChanged) -> None:
    """Who is interpreted into what. That is what costs: Azure charges by the stream and hour."""
    logger.info("%s into %s: %s", change.speaker, change.language, change.state)


if __name__ == "__main__":
    run_worker()
