"""The assistant of `examples/voice_live_agent.py`, with a face; that file says what it needs.

    PYTHONPATH=examples python -m livekit.agents start --dev examples/avatar/assistant.py
    lk dispatch create --agent-name nova --room MEETING

The voice and the face are tracks of the assistant itself: no other participant is needed.
"""

from livekit.agents import AgentServer, JobContext
from livekit.agents.voice.avatar import QueueAudioOutput
from session import SAMPLE_RATE_HZ, perform
from voice_live_agent import NAME, OPTIONS, Assistant, Microphones, accept, new_session

server = AgentServer()


@server.rtc_session(agent_name=NAME.lower(), on_request=accept)
async def entrypoint(ctx: JobContext) -> None:
    session = new_session()
    session.input.audio = Microphones(ctx.room)
    voice = QueueAudioOutput(sample_rate=SAMPLE_RATE_HZ, wait_playback_start=True)
    session.output.audio = voice
    await session.start(Assistant(), room=ctx.room, room_options=OPTIONS)
    avatar = await perform(ctx.room, voice)
    ctx.add_shutdown_callback(avatar.aclose)
