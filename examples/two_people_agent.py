"""Two people, one microphone: what is said in English is heard in French, and the other way round.

    python -m livekit.agents start --dev examples/two_people_agent.py

Put a phone or a laptop between you, and speak in turns. The device must cancel its own echo, as browsers and
telephones do: otherwise the interpreter hears itself, and interprets that, too.

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY and AZURE_SPEECH_REGION, and join a new
room. Without an Azure account, run `python -m livekit_plugins_azure_interpreter.emulator` beside it and set
AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. It translates nothing.
"""

from livekit.agents import AgentServer, AgentSession, JobContext

import livekit_plugins_azure_interpreter as azure_interpreter

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    stt = azure_interpreter.STT(between=("en", "fr"))
    tts = azure_interpreter.TTS(stt)
    session = AgentSession[None](stt=stt, tts=tts, **azure_interpreter.session_options())
    agent = azure_interpreter.InterpreterAgent()
    await session.start(agent, room=ctx.room, room_options=azure_interpreter.room_options())
