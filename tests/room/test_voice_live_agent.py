"""The assistant of `examples/voice_live_agent.py`, as a worker of the server that a meeting calls."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.managed_identity import ManagedIdentity
from fakes.voice_live import RATE_HZ as VOICE_LIVE_HZ
from fakes.voice_live import Exchange, VoiceLive
from fakes.worker_process import EXAMPLES, WorkerProcess
from livekit import api, rtc
from livekit.agents import utils

from livekit_plugins_azure_interpreter import MeetingInterpreter
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .comparing import loud_seconds
from .hearing import assert_heard
from .participant import RATE_HZ, Participant
from .seeing import Eyes
from .speech import Sentence, known_by_sound, recorded, sentences, silence

_ASIDE, _QUESTION, _ANSWER = (
    Sentence(
        sentences()[number], Line(text, "en-US", {"fr": f"Phrase {number}."}, {"fr": Voice(recorded(french))})
    )
    for number, text, french in (
        (1, "Where is the coffee?", "french_2.wav"),
        (0, "Nova, is the train late?", "french_1.wav"),
        (5, "The train is late.", "french_5.wav"),
    )
)
_VOICE_ALONE = (EXAMPLES / "voice_live_agent.py", "roomio_audio")
_WITH_A_FACE = (EXAMPLES / "avatar" / "assistant.py", "avatar_audio")
"""The file of each example, and the track of its voice."""


def _resampled(pcm: bytes) -> bytes:
    resampler = rtc.AudioResampler(RATE_HZ, VOICE_LIVE_HZ, num_channels=1)
    frames = resampler.push(rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2)) + resampler.flush()
    return b"".join(bytes(frame.data) for frame in frames)


class Assistants:
    """Workers of the server, each with an assistant that a meeting may call.

    Attributes:
        service: What they are connected to.
    """

    def __init__(self, server: Any, service: VoiceLive, environment: dict[str, str]) -> None:
        self.service = service
        self._server, self._environment = server, environment
        self._workers: list[WorkerProcess] = []

    async def call(self, example: Path, listener: Participant) -> rtc.RemoteParticipant:
        """Start the example, and have it enter the room of somebody who waits for it."""
        worker = await WorkerProcess.start(
            ["-m", "livekit.agents", "start", "--dev", example], self._environment
        )
        self._workers.append(worker)
        await worker.until_logged("registered worker")
        url = self._server.url.replace("ws", "http", 1)
        async with api.LiveKitAPI(url, self._server.key, self._server.secret) as livekit:
            dispatch = api.CreateAgentDispatchRequest(agent_name="nova", room=listener.room.name)
            await livekit.agent_dispatch.create_dispatch(dispatch)
        await worker.until_logged("RoomIO linked to participant")

        def entered() -> list[rtc.RemoteParticipant]:
            return [one for one in listener.room.remote_participants.values() if one.name == "Nova"]

        await listener.until(entered)
        return entered()[0]

    async def aclose(self) -> None:
        for worker in self._workers:
            await worker.aclose()


@pytest.fixture
async def assistants(server: Any) -> AsyncIterator[Assistants]:
    script = [
        Exchange(_ASIDE.line.text),
        Exchange(_QUESTION.line.text, _ANSWER.line.text, _resampled(_ANSWER.pcm)),
    ]
    async with ManagedIdentity() as identity, VoiceLive(script, let_in=identity.is_current) as service:
        environment = {
            **server.environment,
            **identity.environment,
            "AZURE_VOICE_LIVE_ENDPOINT": service.endpoint,
            "PYTHONPATH": os.pathsep.join([str(EXAMPLES), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        assistants = Assistants(server, service, environment)
        yield assistants
        await assistants.aclose()


@pytest.fixture
async def interpreter(meeting: Any) -> AsyncIterator[MeetingInterpreter]:
    behaviour = Behaviour(script=known_by_sound([_ASIDE, _QUESTION, _ANSWER]), interim_interval_ms=None)
    async with Emulator(behaviour) as emulator:
        joined = await meeting.join("interpreter", deaf=True, kind="agent")
        interpreter = MeetingInterpreter(
            speech_key="any", speech_endpoint=emulator.endpoint, interpret_agents=True
        )
        await interpreter.start(joined.room)
        yield interpreter
        await interpreter.aclose()


async def test_the_assistant_answers_whoever_says_its_name(meeting: Any, assistants: Assistants) -> None:
    example, track = _VOICE_ALONE
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob", microphone=True)
    assistant = await assistants.call(example, alice)
    assert assistant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    await alice.ear(track)
    await alice.say(_ASIDE.pcm + silence(1.0))
    await bob.say(_QUESTION.pcm + silence(1.0))
    await assert_heard(alice, track, [_ANSWER.pcm])
    assert [one.heard for one in assistants.service.answered] == [_QUESTION.line.text]


async def test_the_assistant_hears_all_people_and_no_agent(meeting: Any, closing: Any, until: Any) -> None:
    from voice_live_agent import Microphones  # noqa: PLC0415 - it imports OpenAI's package, in a second

    assistant = await meeting.join("nova", deaf=True, kind="agent")
    microphones, heard = Microphones(assistant.room), bytearray()

    async def hear() -> None:
        async for frame in microphones:
            heard.extend(bytes(frame.data))

    hearing = asyncio.create_task(hear())
    closing(lambda: utils.aio.cancel_and_wait(hearing))
    alice = await meeting.join("alice", microphone=True)
    bob = await meeting.join("bob", microphone=True)
    another = await meeting.join("another", microphone=True, kind="agent")
    await until(lambda: heard)
    await another.say(_ASIDE.pcm + silence(0.5))
    assert loud_seconds(bytes(heard), VOICE_LIVE_HZ) == 0
    spoken = 0.0
    for speaker, said in ((alice, _QUESTION.pcm), (bob, _ANSWER.pcm)):
        await speaker.say(said + silence(0.5))
        spoken += 0.8 * loud_seconds(said, RATE_HZ)  # a busy machine may lose some
        await until(lambda least=spoken: loud_seconds(bytes(heard), VOICE_LIVE_HZ) >= least)
        await speaker.leave()


@pytest.mark.parametrize(
    ("example", "track"), [_VOICE_ALONE, _WITH_A_FACE], ids=["voice alone", "with a face"]
)
async def test_the_assistant_is_heard_in_the_language_of_each_listener(
    meeting: Any, assistants: Assistants, interpreter: MeetingInterpreter, example: Path, track: str
) -> None:
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"})
    assistant = await assistants.call(example, alice)
    await alice.ear(track)
    french = f"{assistant.identity}-fr"
    await bob.ear(french)
    await alice.say(_ASIDE.pcm + silence(1.0) + _QUESTION.pcm + silence(1.0))
    await assert_heard(bob, french, [_ANSWER.line.voices["fr"].pcm])
    await assert_heard(alice, track, [_ANSWER.pcm])
    assert interpreter.interpretations == {("alice", "fr"): {"bob"}, (assistant.identity, "fr"): {"bob"}}


async def test_the_assistant_has_a_face_that_speaks(meeting: Any, assistants: Assistants) -> None:
    example, track = _WITH_A_FACE
    alice = await meeting.join("alice", microphone=True)
    eyes = Eyes(alice)
    await assistants.call(example, alice)
    await eyes.until(lambda eyes: eyes.mouth == 0)
    await alice.say(_ASIDE.pcm + silence(1.0) + _QUESTION.pcm + silence(1.0))
    await eyes.until(lambda eyes: eyes.mouth > 0.02)
    await assert_heard(alice, track, [_ANSWER.pcm])
    await eyes.aclose()
