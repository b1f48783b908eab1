"""Interprets while the speaker is still speaking, in an enrolled personal voice or a prebuilt one.

    python -m livekit.agents start --dev examples/simultaneous_agent.py

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY, AZURE_SPEECH_REGION and, for the
speaker's own voice, AZURE_SPEAKER_PROFILE_ID, and join a new room with headphones. Without an Azure account,
run `python -m livekit_plugins_azure_interpreter.emulator` beside it and set AZURE_SPEECH_KEY=any
AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. The voice is noise then.
"""

import os

from livekit.agents import AgentServer, AgentSession, JobContext

import livekit_plugins_azure_interpreter as azure_interpreter

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    stt = azure_interpreter.STT(target_languages="fr", pace="simultaneous")
    # Azure's own voice would come after the sentence. This one speaks each clause as soon as it is certain.
    prebuilt = None if "AZURE_SPEAKER_PROFILE_ID" in os.environ else "fr-FR-DeniseNeural"
    voice = azure_interpreter.PersonalVoiceTTS(voice=prebuilt)
    voice.prewarm()
    ctx.add_shutdown_callback(voice.aclose)  # a fallback belongs to whoever made it
    tts = azure_interpreter.TTS(stt, fallback=voice)
    session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
    # A repair takes time: the voice catches up.
    agent = azure_interpreter.InterpreterAgent(catch_up="time_stretch")
    await session.start(agent, room=ctx.room, room_options=azure_interpreter.room_options())
