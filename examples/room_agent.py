"""An interpreter for a LiveKit room: what the first participant says is heard in French.

    python -m livekit.agents start --dev examples/room_agent.py

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY and AZURE_SPEECH_REGION, and join a new
room. Without an Azure account, run `python -m livekit_plugins_azure_interpreter.emulator` beside it and set
AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. The emulator translates
nothing: you hear yourself.
"""

from livekit.agents import AgentServer, AgentSession, JobContext

import livekit_plugins_azure_interpreter as azure_interpreter

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    stt = azure_interpreter.STT(target_languages="fr")  # hears any language, gives French text
    tts = azure_interpreter.TTS(stt)  # speaks it in the speaker's own voice
    # An ordinary session waits for turns, and cuts an answer when somebody speaks. An interpreter must not.
    session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
    agent = azure_interpreter.InterpreterAgent()
    await session.start(agent, room=ctx.room, room_options=azure_interpreter.room_options())
