"""An interpreter with a face: what is said in the room is heard in French, from a drawn avatar.

    python -m livekit.agents start --dev examples/avatar/agent.py

It needs a LiveKit server (LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET) and Azure Speech
(AZURE_SPEECH_KEY, AZURE_SPEECH_REGION). Without an Azure account, run the emulator beside
it. It recognizes and translates nothing: what is said comes back as it was said:

    python -m livekit_plugins_azure_interpreter.emulator
    export AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2

The files beside this one draw and play the avatar:

session.py   FaceAvatar, the agent's half: its voice goes to the avatar, not to the room
             perform, the avatar's half: a participant with a microphone and a camera
renderer.py  the voice in; the same voice out, in step with frames of the face
mouth.py     how far the mouth is open, from how loud the voice is
face.py      the drawing
"""

from livekit.agents import AgentServer, AgentSession, JobContext
from session import FaceAvatar

import livekit_plugins_azure_interpreter as azure_interpreter

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    await ctx.connect()
    stt = azure_interpreter.STT(target_languages="fr")
    tts = azure_interpreter.TTS(stt)
    session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
    await FaceAvatar().start(session, ctx.room)
    await session.start(azure_interpreter.InterpreterAgent(), room=ctx.room)
