"""An ordinary agent with an LLM, for speakers of any language: it hears them in French, and answers in it.

    python examples/assistant_agent.py start --dev

It needs a LiveKit server (LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET), Azure Speech (AZURE_SPEECH_KEY,
AZURE_SPEECH_REGION) and an LLM: LiveKit Inference has one for the same LiveKit key, or LIVEKIT_INFERENCE_URL
names any service that speaks OpenAI's protocol. Without any of them, a recording is answered in the terminal,
by an LLM that only repeats what it is told:

    python examples/assistant_agent.py sample [RECORDING]

Without AZURE_SPEECH_KEY, Azure Speech is emulated: nothing is recognized or translated. The words of the
sample, in French and German, and its voices, in French, are a script. In any other language, and in a
recording of your own, what is said comes back as it is.
The voice of the agent is noise then.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from file_audio import SAMPLE_RATE_HZ
from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    ConversationItemAddedEvent,
    JobContext,
    inference,
    llm,
)
from resilience.interpreter import Verbatim
from sample_session import azure_or_emulator, on_recording, read, run_agent
from worker import tell_which_rooms

import livekit_plugins_azure_interpreter as azure_interpreter

LANGUAGE, VOICE = "fr", "fr-FR-DeniseNeural"
GREETING = "Bonjour, que puis-je faire pour vous ?"

server = AgentServer()
server.on("worker_registered", tell_which_rooms)


class Assistant(Agent):
    def __init__(self) -> None:
        super().__init__(
            instructions="You help visitors of a conference. Answer in French, in one or two short sentences."
        )

    async def on_enter(self) -> None:
        self.session.say(GREETING)


def make_session(
    model: llm.LLM[Any], *, aec_warmup_seconds: float | None = 3.0, **credentials: Any
) -> AgentSession[None]:
    """An assistant's session.

    Args:
        model: Gives the answers.
        aec_warmup_seconds: While the agent begins to speak, LiveKit gives the STT silence for so long, as
            a microphone may hear the agent's echo then. What a visitor says meanwhile is lost.
        **credentials: How to connect to Azure.
    """
    return AgentSession(
        # Whatever is spoken, its final transcripts are French. voice=None: Azure makes no voices of them.
        stt=azure_interpreter.STT(target_languages=LANGUAGE, voice=None, **credentials),
        llm=model,
        # The answers are the agent's own words, so they need a voice that speaks any text.
        tts=azure_interpreter.PersonalVoiceTTS(voice=VOICE, sample_rate=SAMPLE_RATE_HZ, **credentials),
        # No session_options(): this is a conversation, with turns and interruptions. Azure tells where an
        # utterance ends.
        turn_handling={"turn_detection": "stt"},
        aec_warmup_duration=aec_warmup_seconds,
    )


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = make_session(inference.LLM("openai/gpt-4.1-mini"))
    await session.start(Assistant(), room=ctx.room)


async def sample(path: Path | None) -> None:
    recording = read(path)
    async with azure_or_emulator(path) as credentials:
        # A recording has no echo, and may begin with speech.
        session = make_session(Verbatim(), aec_warmup_seconds=None, **credentials)
        session.on("conversation_item_added", show)
        async with on_recording(recording, session, Assistant()):
            pass


def show(event: ConversationItemAddedEvent) -> None:
    if isinstance(event.item, llm.ChatMessage):
        print(f"{event.item.role}: {event.item.text_content}")


if __name__ == "__main__":
    run_agent(sample)
