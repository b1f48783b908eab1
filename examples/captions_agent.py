"""Captions only: what is said in a room, in any language, can be read in French and in German.

    python examples/captions_agent.py start --dev

It needs a LiveKit server (LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET) and Azure Speech
(AZURE_SPEECH_KEY, AZURE_SPEECH_REGION). Without any of them, a recording is captioned in the terminal:

    python examples/captions_agent.py sample [RECORDING]

Without AZURE_SPEECH_KEY, Azure Speech is emulated: nothing is recognized or translated. The words of the
sample, in French and German, and its voices, in French, are a script. In any other language, and in a
recording of your own, what is said comes back as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from agent_command import tell_which_rooms
from livekit import rtc
from livekit.agents import Agent, AgentServer, AgentSession, JobContext
from livekit.agents.types import ATTRIBUTE_TRANSCRIPTION_FINAL, TOPIC_TRANSCRIPTION
from livekit.agents.voice.room_io import RoomOptions
from sample_session import azure_or_emulator, on_recording, read, run_agent

import livekit_plugins_azure_interpreter as azure_interpreter

LANGUAGES = ["fr", "de"]

server = AgentServer()
server.on("worker_registered", tell_which_rooms)


def make_session(stt: azure_interpreter.STT) -> AgentSession[None]:
    """A session that only listens: without `tts` and `llm` nobody speaks, and nobody answers."""
    return AgentSession(stt=stt, **azure_interpreter.session_options())


def listener() -> Agent:
    return Agent(instructions="Listen.")


async def captions(stt: azure_interpreter.STT) -> AsyncIterator[tuple[str, str]]:
    """Each language and its text, as utterances become final.

    The session's own transcripts have one language; this event of the STT has all.
    """
    utterances = asyncio.Queue[azure_interpreter.UtteranceRecognized]()
    stt.on("utterance_recognized", utterances.put_nowait)
    while True:
        utterance = await utterances.get()
        for language, text in utterance.transcript.translations.items():
            yield language, text


async def publish(stt: azure_interpreter.STT, room: rtc.Room) -> None:
    """As LiveKit's transcriptions; a client shows those in the language of its user."""
    async for language, text in captions(stt):
        attributes = {ATTRIBUTE_TRANSCRIPTION_FINAL: "true", "language": language}
        await room.local_participant.send_text(text, topic=TOPIC_TRANSCRIPTION, attributes=attributes)


async def show(stt: azure_interpreter.STT) -> None:
    async for language, text in captions(stt):
        print(f"{language}: {text}")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    # voice=None: Azure makes no voices.
    stt = azure_interpreter.STT(target_languages=LANGUAGES, voice=None)
    publishing = asyncio.create_task(publish(stt, ctx.room))
    session = make_session(stt)
    session.on("close", lambda _: publishing.cancel())
    # LiveKit would publish the first language as what the speaker said, and a silent track.
    captions_only = RoomOptions(audio_output=False, text_output=False)
    await session.start(listener(), room=ctx.room, room_options=captions_only)


async def sample(path: Path | None) -> None:
    recording = read(path)
    async with azure_or_emulator(path) as credentials:
        stt = azure_interpreter.STT(target_languages=LANGUAGES, voice=None, **credentials)
        showing = asyncio.create_task(show(stt))
        try:
            async with on_recording(recording, make_session(stt), listener()):
                pass
        finally:
            showing.cancel()


if __name__ == "__main__":
    run_agent(sample)
