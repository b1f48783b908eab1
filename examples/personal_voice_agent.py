"""Greets in the speaker's own voice, then interprets; a translation whose voice is lost sounds the same.

    python -m livekit.agents start --dev examples/personal_voice_agent.py

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY, AZURE_SPEECH_REGION and
AZURE_SPEAKER_PROFILE_ID (of an enrolled personal voice), and join a new room. Without an Azure account, run
`python -m livekit_plugins_azure_interpreter.emulator` beside it and set AZURE_SPEECH_KEY=any
AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. The greeting is noise then.
"""

import os

from livekit.agents import AgentServer, AgentSession, JobContext

import livekit_plugins_azure_interpreter as azure_interpreter

GREETING = "Bonjour à tous. Je vous parle avec ma propre voix."

server = AgentServer()


class Greeter(azure_interpreter.InterpreterAgent):
    async def on_enter(self) -> None:
        await super().on_enter()
        # Nobody may cut it short: the translations queue behind it.
        self.session.say(GREETING, allow_interruptions=False)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    stt = azure_interpreter.STT(target_languages="fr")
    # Without an enrolled voice, a prebuilt one: it needs no approval.
    prebuilt = None if "AZURE_SPEAKER_PROFILE_ID" in os.environ else "fr-FR-DeniseNeural"
    voice = azure_interpreter.PersonalVoiceTTS(voice=prebuilt)
    ctx.add_shutdown_callback(voice.aclose)  # a fallback belongs to whoever made it
    # Translations have the voice that Azure made of the speaker's own. `voice` says everything else.
    tts = azure_interpreter.TTS(stt, fallback=voice)
    session = AgentSession(stt=stt, tts=tts, **azure_interpreter.session_options())
    await session.start(Greeter(), room=ctx.room, room_options=azure_interpreter.room_options())
