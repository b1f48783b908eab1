"""Push to talk: what is said while a button is held is heard in French as soon as the button is released.

    python -m livekit.agents start --dev examples/push_to_talk_agent.py

The client calls the agent's RPC method "talk" when the button is pressed, and "release" when it is released:
`room.localParticipant.performRpc({destinationIdentity, method: "release", payload: ""})`. The answer to
"release" is the translation.

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY and AZURE_SPEECH_REGION, and join a new
room. Without an Azure account, run `python -m livekit_plugins_azure_interpreter.emulator` beside it and set
AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. The emulator translates
nothing: you hear yourself.
"""

import asyncio

from livekit.agents import AgentServer, AgentSession, JobContext
from livekit.rtc import RpcInvocationData

import livekit_plugins_azure_interpreter as azure_interpreter

ON_ITS_WAY_SECONDS = 0.3
"""The last words come a little later than the message that the button is released."""

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    # manual_flush: an utterance ends when the session says so, not after half a second of silence.
    stt = azure_interpreter.STT(target_languages="fr", manual_flush=True)
    tts = azure_interpreter.TTS(stt)
    options = azure_interpreter.session_options(turn_handling={"turn_detection": "manual"})
    session = AgentSession[None](stt=stt, tts=tts, **options)
    agent = azure_interpreter.InterpreterAgent()
    await session.start(agent, room=ctx.room, room_options=azure_interpreter.room_options())
    session.input.set_audio_enabled(False)

    held = asyncio.Event()

    async def talk(_: RpcInvocationData) -> str:
        held.set()
        session.input.set_audio_enabled(True)
        return ""

    async def release(_: RpcInvocationData) -> str:
        held.clear()
        await asyncio.sleep(ON_ITS_WAY_SECONDS)
        session.input.set_audio_enabled(held.is_set())  # it may be pressed again
        return await session.commit_user_turn()

    ctx.room.local_participant.register_rpc_method("talk", talk)
    ctx.room.local_participant.register_rpc_method("release", release)
