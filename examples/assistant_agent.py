"""An ordinary agent with an LLM, for speakers of any language: it hears them in French, and answers in it.

    python -m livekit.agents start --dev examples/assistant_agent.py

Set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AZURE_SPEECH_KEY and AZURE_SPEECH_REGION, and join a new
room. The LLM comes from LiveKit Inference, with the same LiveKit key; LIVEKIT_INFERENCE_URL names another
service that speaks OpenAI's protocol. Without an Azure account, run
`python -m livekit_plugins_azure_interpreter.emulator` beside it and set AZURE_SPEECH_KEY=any
AZURE_SPEECH_ENDPOINT=ws://127.0.0.1:8765/speech/universal/v2. The agent's voice is noise then.
"""

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, inference

import livekit_plugins_azure_interpreter as azure_interpreter

VOICE = "fr-FR-DeniseNeural"
INSTRUCTIONS = "You help visitors of a conference. Answer in French, in one or two short sentences."
GREETING = "Bonjour, que puis-je faire pour vous ?"

server = AgentServer()


class Assistant(Agent):
    def __init__(self) -> None:
        super().__init__(instructions=INSTRUCTIONS)

    async def on_enter(self) -> None:
        self.session.say(GREETING)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    # Any language is heard; the final transcripts are French. voice=None: Azure makes no voices of them.
    stt = azure_interpreter.STT(target_languages="fr", voice=None)
    # The answers are the agent's own words, so they need a voice that speaks any text.
    tts = azure_interpreter.PersonalVoiceTTS(voice=VOICE)
    # No session_options(): this is a conversation, with turns and interruptions. Azure finds a turn's end.
    session = AgentSession[None](
        stt=stt,
        llm=inference.LLM("openai/gpt-4.1-mini"),
        tts=tts,
        turn_handling={"turn_detection": "stt"},
    )
    await session.start(Assistant(), room=ctx.room)
