"""`examples/voice_live_agent.py` as a worker of the server, called into a meeting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.managed_identity import ManagedIdentity
from fakes.voice_live import RATE_HZ as VOICE_LIVE_HZ
from fakes.voice_live import Exchange, VoiceLive
from fakes.worker_process import EXAMPLES, WorkerProcess
from livekit import api, rtc

from .hearing import assert_heard
from .participant import RATE_HZ, Participant
from .speech import sentences, silence

_TRACK = "roomio_audio"
_ASIDE, _QUESTION, _ANSWER = sentences()[1], sentences()[0], sentences()[5]


def _resampled(pcm: bytes) -> bytes:
    resampler = rtc.AudioResampler(RATE_HZ, VOICE_LIVE_HZ, num_channels=1)
    frames = resampler.push(rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2)) + resampler.flush()
    return b"".join(bytes(frame.data) for frame in frames)


@pytest.fixture
async def service() -> AsyncIterator[VoiceLive]:
    script = [
        Exchange("Where is the coffee?"),
        Exchange("Nova, when does the train leave?", "The train is late.", _resampled(_ANSWER)),
    ]
    async with ManagedIdentity() as identity, VoiceLive(script, let_in=identity.is_current) as service:
        service.environment = {**identity.environment, "AZURE_VOICE_LIVE_ENDPOINT": service.endpoint}
        yield service


@pytest.fixture
async def worker(server: Any, service: VoiceLive) -> AsyncIterator[WorkerProcess]:
    command = ["-m", "livekit.agents", "start", "--dev", EXAMPLES / "voice_live_agent.py"]
    worker = await WorkerProcess.start(command, {**server.environment, **service.environment})
    await worker.until_logged("registered worker")
    yield worker
    print(*worker.log, sep="\n")
    await worker.aclose()


async def _call_assistant(server: Any, room: str) -> None:
    async with api.LiveKitAPI(server.url.replace("ws", "http", 1), server.key, server.secret) as livekit:
        await livekit.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name="nova", room=room)
        )


def _assistant(seen_by: Participant) -> rtc.RemoteParticipant:
    people = seen_by.room.remote_participants.values()
    return next(one for one in people if one.name == "Nova")


async def test_the_assistant_answers_whoever_says_its_name(
    worker: WorkerProcess, server: Any, meeting: Any, service: VoiceLive
) -> None:
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob", microphone=True)
    await _call_assistant(server, meeting.name)
    await alice.ear(_TRACK)
    assistant = _assistant(alice)
    assert assistant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    assert assistant.attributes["spoken_language"] == "en"
    await alice.say(_ASIDE + silence(1.0))
    await bob.say(_QUESTION + silence(1.0))
    await assert_heard(alice, _TRACK, [_ANSWER])
    assert [one.heard for one in service.answered] == ["Nova, when does the train leave?"]
