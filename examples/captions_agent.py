"""Captions only: what is said in a room, in any language, can be read in French and in German.

    python -m livekit.agents start --dev examples/captions_agent.py

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY and AZURE_SPEECH_REGION, and join a new
room. Without an Azure account, run `python -m livekit_plugins_azure_interpreter.emulator` beside it and set
AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. The emulator translates
nothing: its captions say so.
"""

import asyncio

from livekit import rtc
from livekit.agents import Agent, AgentServer, AgentSession, JobContext
from livekit.agents.types import ATTRIBUTE_TRANSCRIPTION_FINAL, TOPIC_TRANSCRIPTION

import livekit_plugins_azure_interpreter as azure_interpreter

server = AgentServer()


async def publish(stt: azure_interpreter.STT, room: rtc.Room) -> None:
    """Send each translation to the room as LiveKit's transcriptions, from which a client shows its language.

    The session's own transcripts have the first language only; this event of the STT has all.
    """
    utterances = asyncio.Queue[azure_interpreter.UtteranceRecognized]()
    stt.on("utterance_recognized", utterances.put_nowait)
    while True:
        utterance = await utterances.get()
        for language, text in utterance.transcript.translations.items():
            attributes = {ATTRIBUTE_TRANSCRIPTION_FINAL: "true", "language": language}
            await room.local_participant.send_text(text, topic=TOPIC_TRANSCRIPTION, attributes=attributes)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    # voice=None: text only, so Azure makes no voices, and nobody pays for them.
    stt = azure_interpreter.STT(target_languages=["fr", "de"], voice=None)
    publishing = asyncio.create_task(publish(stt, ctx.room))
    # Without `tts` and `llm` nobody speaks, and nobody answers.
    session = AgentSession(stt=stt, **azure_interpreter.session_options())
    session.on("close", lambda _: publishing.cancel())
    # Otherwise LiveKit would publish the first language as what the speaker said, and a silent track.
    captions_only = azure_interpreter.room_options(audio_output=False, text_output=False)
    await session.start(Agent(instructions="Listen."), room=ctx.room, room_options=captions_only)
