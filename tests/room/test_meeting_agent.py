"""`examples/meeting_agent.py` as a worker of the server: dispatched to a room as somebody enters it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.limits import within
from fakes.worker_process import EXAMPLES, WorkerProcess
from livekit import api

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .conftest import Meeting
from .hearing import assert_heard
from .participant import Participant
from .speech import recorded, sentences, silence

_VOICE = recorded("french_5.wav")
_LINE = Line("A sentence.", translations={"fr": "Une phrase."}, voices={"fr": Voice(_VOICE)})


@pytest.fixture
async def worker(server: Any) -> AsyncIterator[WorkerProcess]:
    async with Emulator(Behaviour(script=[_LINE])) as emulator:
        worker = await WorkerProcess.start(
            ["-m", "livekit.agents", "start", EXAMPLES / "meeting_agent.py"],
            {
                **server.environment,
                "AZURE_SPEECH_KEY": "any",
                "AZURE_SPEECH_ENDPOINT": emulator.endpoint,
            },
        )
        yield worker
        await worker.aclose()


async def test_a_meeting_is_interpreted_to_its_end(worker: Any, meeting: Any) -> None:
    await worker.until_logged("registered worker")
    alice = await meeting.join("alice", {"language": "en"}, microphone=True)
    bob = await meeting.join("bob", {"language": "fr"})
    await bob.ear("alice-fr")
    await worker.until_logged("alice into fr: started")
    await alice.say(sentences()[1] + silence(1.0))
    await assert_heard(bob, "alice-fr", [_VOICE])
    assert await worker.health() == (200, "OK")
    # Nobody listens any more.
    await bob.leave()
    await worker.until_logged("alice into fr: ended")


@pytest.mark.timeout(180)  # it starts a worker, on a machine that may be busy
async def test_rooms_that_open_at_the_same_instant_get_an_interpreter_each(
    worker: Any, server: Any, closing: Any
) -> None:
    await worker.until_logged("registered worker")
    meetings = [Meeting(server) for _ in range(3)]
    async with api.LiveKitAPI(server.url.replace("ws", "http", 1), server.key, server.secret) as livekit:
        requests = [api.CreateRoomRequest(name=meeting.name) for meeting in meetings]
        await within(asyncio.gather(*(livekit.room.create_room(request) for request in requests)))
    for meeting in meetings:
        closing(meeting.aclose)
        await _until_interpreted(await meeting.join("alice", {"language": "en"}))


async def _until_interpreted(somebody: Participant) -> None:
    people = somebody.room.remote_participants
    await somebody.until(lambda: any("interpreter" in one.attributes for one in people.values()))
