"""An assistant in a meeting: it answers whoever says its name, and everybody hears it in their own language.

    python -m livekit.agents start --dev examples/voice_live_agent.py
    lk dispatch create --agent-name nova --room MEETING

The second command calls it into a room. `MeetingInterpreter(interpret_agents=True)`, in a worker of its own,
interprets it there like a person.

It is a model of Azure's Voice Live. Run `python -m pip install "livekit-plugins-azure[realtime]"`, and set
LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET and AZURE_VOICE_LIVE_ENDPOINT, such as
https://NAME.services.ai.azure.com. No key is stored: DefaultAzureCredential finds your identity (`az login`
or a managed identity), and renews its tokens. The identity needs the roles "Cognitive Services User" and
"Foundry User" on the resource.
"""

import re
from collections.abc import AsyncIterator

from azure.ai.voicelive.models import AzureSemanticVadMultilingual
from livekit import rtc
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobRequest, UserInputTranscribedEvent
from livekit.agents.voice.io import AudioInput
from livekit.agents.voice.room_io import RoomOptions
from livekit.plugins.azure.realtime import RealtimeModel

NAME = "Nova"
INSTRUCTIONS = f"You are {NAME}, an assistant in a meeting. Answer in English, in one or two sentences."
RATE_HZ = 24000
# The interpreter writes the captions. The assistant stays when the one who came first leaves.
OPTIONS = RoomOptions(text_input=False, text_output=False, close_on_disconnect=False)

server = AgentServer()


class Assistant(Agent):
    def __init__(self) -> None:
        # Most of what is said is for others: Azure must not answer each turn.
        turns = AzureSemanticVadMultilingual(create_response=False)
        model = RealtimeModel(use_default_credential=True, turn_detection=turns)
        super().__init__(instructions=INSTRUCTIONS, llm=model)

    async def on_enter(self) -> None:
        self.session.on("user_input_transcribed", self._answer)

    def _answer(self, heard: UserInputTranscribedEvent) -> None:
        if heard.is_final and re.search(rf"\b{NAME}\b", heard.transcript, re.IGNORECASE):
            self.session.generate_reply()


class Microphones(AudioInput):
    """All people in the room, mixed, and no agents. The input that a session makes itself is one person."""

    def __init__(self, room: rtc.Room) -> None:
        super().__init__(label="microphones")
        self._mixer = rtc.AudioMixer(RATE_HZ, num_channels=1)
        room.on("track_subscribed", self._add)

    def _add(self, track: rtc.Track, of: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant) -> None:
        is_person = who.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        if is_person and of.source == rtc.TrackSource.SOURCE_MICROPHONE:
            self._mixer.add_stream(_frames(track, of))

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._mixer.__anext__()


async def _frames(track: rtc.Track, of: rtc.RemoteTrackPublication) -> AsyncIterator[rtc.AudioFrame]:
    stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1)
    async for event in stream:
        if of.track is not track:  # it has ended, but LiveKit goes on with silence
            break
        yield event.frame
    await stream.aclose()


def new_session() -> AgentSession[None]:
    # Azure finds the turns. Without a warm-up nothing that is said while it first speaks is silenced.
    return AgentSession(vad=None, turn_handling={"turn_detection": "realtime_llm"}, aec_warmup_duration=None)


async def accept(request: JobRequest) -> None:
    await request.accept(name=NAME, attributes={"spoken_language": "en"})


@server.rtc_session(agent_name=NAME.lower(), on_request=accept)
async def entrypoint(ctx: JobContext) -> None:
    session = new_session()
    session.input.audio = Microphones(ctx.room)
    await session.start(Assistant(), room=ctx.room, room_options=OPTIONS)
