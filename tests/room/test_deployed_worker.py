"""`deploy/worker.py` as a worker of the server: dispatched, watched and drained."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.worker_process import DEPLOYED, WorkerProcess

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .hearing import assert_heard
from .speech import recorded, sentences, silence

_TRACK = "roomio_audio"
_VOICES = [recorded(f"french_{number}.wav") for number in (1, 5)]
_LINES = [
    Line(f"Sentence {number}.", translations={"fr": f"Phrase {number}."}, voices={"fr": Voice(voice)})
    for number, voice in enumerate(_VOICES, 1)
]
_SHORT = sentences()[1]


@pytest.fixture
async def worker(server: Any) -> AsyncIterator[WorkerProcess]:
    async with Emulator(Behaviour(script=_LINES)) as first, Emulator() as second:
        worker = await WorkerProcess.start(
            [DEPLOYED],
            {
                **server.environment,
                "AZURE_SPEECH_KEY": "any",
                "AZURE_SPEECH_ENDPOINT": first.endpoint,
                "BACKUP_SPEECH_KEY": "any",
                "BACKUP_SPEECH_ENDPOINT": second.endpoint,
                "LIVEKIT_INFERENCE_URL": "http://127.0.0.1:9/v1",
            },
        )
        yield worker
        await worker.aclose()


async def test_the_workers_endpoint_counts_what_a_job_interprets_and_a_drain_lets_it_end(
    worker: Any, meeting: Any
) -> None:
    await worker.until_logged("registered worker")
    alice = await meeting.join("alice", microphone=True)
    await alice.ear(_TRACK)
    await alice.say(_SHORT + silence(1.0))
    await assert_heard(alice, _TRACK, _VOICES[:1])
    await worker.until_metric("interpreter_utterances_total", 1, translated="yes")
    pair = {"vendor": "pair", "model": "live-interpreter"}
    await worker.until_metric("interpreter_calls_total", 1, kind="tts", outcome="ok", **pair)
    assert await worker.metric("lk_agents_active_job_count") == 1

    worker.terminate()
    await worker.until_logged("draining worker")
    await alice.say(_SHORT + silence(1.0))
    await assert_heard(alice, _TRACK, _VOICES[1:])
    assert worker.running
    assert await worker.health() == (200, "OK")
    # The job ends as the speaker leaves, and the worker with it.
    await alice.leave()
    assert await worker.until_ended() == 0
