"""Two languages from one stream: what is said is heard in French, and on a second track in German.

    python -m livekit.agents start --dev examples/two_languages_agent.py

A client chooses by the name of the track: "roomio_audio" is French, "interpreter-de" is German. The audio is
sent to Azure once.

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY and AZURE_SPEECH_REGION, and join a new
room. Without an Azure account, run `python -m livekit_plugins_azure_interpreter.emulator` beside it and set
AZURE_SPEECH_KEY=any AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. The emulator translates
nothing: you hear yourself, twice.
"""

import asyncio

from livekit import rtc
from livekit.agents import AgentServer, AgentSession, JobContext

import livekit_plugins_azure_interpreter as azure_interpreter

LANGUAGES = ["fr", "de"]

server = AgentServer()


async def publish(stt: azure_interpreter.STT, language: str, room: rtc.Room) -> None:
    """Speak each utterance in a language, on a track of its own."""
    tts = azure_interpreter.TTS(stt, language=language)
    utterances = asyncio.Queue[azure_interpreter.UtteranceRecognized]()
    stt.on("utterance_recognized", utterances.put_nowait)
    source = rtc.AudioSource(tts.sample_rate, tts.num_channels)
    track = rtc.LocalAudioTrack.create_audio_track(f"interpreter-{language}", source)
    await room.local_participant.publish_track(track)
    while True:
        utterance = await utterances.get()
        if text := utterance.transcript.translations.get(language):
            async with tts.synthesize(text) as voice:
                async for audio in voice:
                    await source.capture_frame(audio.frame)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    stt = azure_interpreter.STT(target_languages=LANGUAGES, spoken_languages=LANGUAGES)
    publishing = asyncio.create_task(publish(stt, "de", ctx.room))
    # The session speaks the first language.
    tts = azure_interpreter.TTS(stt)
    session = AgentSession[None](stt=stt, tts=tts, **azure_interpreter.session_options())
    session.on("close", lambda _: publishing.cancel())
    agent = azure_interpreter.InterpreterAgent()
    await session.start(agent, room=ctx.room, room_options=azure_interpreter.room_options())
