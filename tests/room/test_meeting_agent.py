"""`examples/meeting_agent.py` as a worker of the server: dispatched to a room as somebody enters it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.worker_process import WorkerProcess

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .hearing import assert_heard
from .speech import recorded, sentences, silence

_VOICE = recorded("french_5.wav")
_LINE = Line("A sentence.", translations={"fr": "Une phrase."}, voices={"fr": Voice(_VOICE)})


@pytest.fixture
async def worker(server: Any) -> AsyncIterator[WorkerProcess]:
    async with Emulator(Behaviour(script=[_LINE])) as emulator:
        worker = await WorkerProcess.start(
            "meeting_agent.py",
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
