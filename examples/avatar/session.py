"""The two halves of an avatar: the agent's, and the participant that plays it.

They share nothing but the room, and so can run in two processes or on two machines. Here the agent's job
runs both.
"""

from __future__ import annotations

import os
from typing import Any

from face import Face
from livekit import api, rtc
from livekit.agents import AgentSession
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF
from livekit.agents.voice.avatar import (
    AudioReceiver,
    AvatarOptions,
    AvatarRunner,
    AvatarSession,
    DataStreamAudioOutput,
    DataStreamAudioReceiver,
)
from renderer import FaceRenderer

SAMPLE_RATE_HZ = 16000
FPS = 20
AHEAD_MS = 250


class FaceAvatar(AvatarSession[Any]):
    """The agent's half: `await FaceAvatar().start(session, room)`, then start the session as usual.

    The agent's voice is sent to the avatar as data, faster than it is spoken. The avatar plays it and
    answers: playback has started, has finished, was cut short at such a position. So the session knows
    what was heard, and queues one speech after another, as with a voice of its own in the room.

    Args:
        identity: Of the avatar, in the room.
        ahead_ms: How much is handed to the room ahead of its time: a busy moment makes no gap in the voice.
            When the agent is interrupted, so much is still heard.
    """

    def __init__(self, identity: str = "avatar", *, ahead_ms: int = AHEAD_MS) -> None:
        super().__init__()
        self._identity = identity
        self._ahead_ms = ahead_ms
        self._stage = rtc.Room()
        self._runner: AvatarRunner | None = None

    @property
    def avatar_identity(self) -> str:
        return self._identity

    async def start(self, agent_session: AgentSession[Any], room: rtc.Room) -> None:
        """Join the room as the avatar; `room` is the agent's, and connected.

        LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are the agent's; a worker's jobs have them.
        """
        await super().start(agent_session, room)
        agent = room.local_participant.identity
        # An output that is set before the session starts is kept: no voice of the agent's own is published.
        agent_session.output.audio = DataStreamAudioOutput(
            room,
            destination_identity=self._identity,
            sample_rate=SAMPLE_RATE_HZ,  # the session resamples to it
            wait_playback_start=True,  # "started" is when the avatar plays, not when it was sent
        )
        await self._stage.connect(os.environ["LIVEKIT_URL"], self._token(room.name, agent))
        voice = DataStreamAudioReceiver(self._stage, sender_identity=agent)
        self._runner = await perform(self._stage, voice, ahead_ms=self._ahead_ms)

    def _token(self, room_name: str, agent: str) -> str:
        return (
            api.AccessToken()
            .with_identity(self._identity)
            .with_name("Avatar")
            .with_kind("agent")  # so that no agent takes it for somebody who speaks to it
            # Clients show the avatar in the agent's place; the agent's captions belong to it.
            .with_attributes({ATTRIBUTE_PUBLISH_ON_BEHALF: agent})
            .with_grants(api.VideoGrants(room_join=True, room=room_name))
            .to_jwt()
        )

    async def aclose(self) -> None:
        if self._runner is not None:
            await self._runner.aclose()
            self._runner = None
        await self._stage.disconnect()
        await super().aclose()


async def perform(room: rtc.Room, audio: AudioReceiver, *, ahead_ms: int = AHEAD_MS) -> AvatarRunner:
    """The avatar's half: play what comes, as a microphone and a camera of this participant.

    Args:
        room: Connected as the avatar.
        audio: Where the voice comes from: `DataStreamAudioReceiver` over the room, or in one process
            without one `QueueAudioOutput`, which is the session's output, too.
        ahead_ms: As of `FaceAvatar`.

    Returns:
        What plays it, until its `aclose()`.
    """
    face = Face()
    runner = AvatarRunner(
        room,
        audio_recv=audio,
        video_gen=FaceRenderer(face, fps=FPS, sample_rate=SAMPLE_RATE_HZ),
        options=AvatarOptions(
            video_width=face.size,
            video_height=face.size,
            video_fps=FPS,
            audio_sample_rate=SAMPLE_RATE_HZ,
            audio_channels=1,
        ),
        _queue_size_ms=ahead_ms,
    )
    await runner.start()
    return runner
