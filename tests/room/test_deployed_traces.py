"""`deploy/worker.py` exports the traces of what it interprets, and no word of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.trace_collector import TraceCollector, attributes
from fakes.worker_process import DEPLOYED, WorkerProcess

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .hearing import assert_heard
from .speech import recorded, sentences, silence

_TRACK = "roomio_audio"
_VOICE = recorded("french_1.wav")
_WORDS = ("Confidential sentence", "Phrase confidentielle")
_LINE = Line(_WORDS[0], translations={"fr": _WORDS[1]}, voices={"fr": Voice(_VOICE)})


@pytest.fixture
async def collector() -> AsyncIterator[TraceCollector]:
    async with TraceCollector() as collector:
        yield collector


@pytest.fixture
async def worker(server: Any, collector: TraceCollector) -> AsyncIterator[WorkerProcess]:
    async with Emulator(Behaviour(script=[_LINE])) as first, Emulator() as second:
        worker = await WorkerProcess.start(
            [DEPLOYED],
            {
                **server.environment,
                **collector.environment,
                "AZURE_SPEECH_KEY": "any",
                "AZURE_SPEECH_ENDPOINT": first.endpoint,
                "BACKUP_SPEECH_KEY": "any",
                "BACKUP_SPEECH_ENDPOINT": second.endpoint,
                "LIVEKIT_INFERENCE_URL": "http://127.0.0.1:9/v1",
            },
        )
        yield worker
        await worker.aclose()


async def test_the_worker_exports_a_trace_of_each_utterance_without_its_words(
    worker: WorkerProcess, collector: TraceCollector, meeting: Any
) -> None:
    await worker.until_logged("registered worker")
    alice = await meeting.join("alice", microphone=True)
    await alice.ear(_TRACK)
    await alice.say(sentences()[1] + silence(1.0))
    await assert_heard(alice, _TRACK, [_VOICE])
    # The job ends as she leaves, and sends LiveKit's longest spans.
    await alice.leave()
    await collector.until(lambda: collector.named("azure_interpreter.utterance"))
    await collector.until(lambda: collector.named("agent_session"))
    (utterance,) = collector.named("azure_interpreter.utterance")
    (heard,) = collector.named("azure_interpreter.heard")
    assert (heard.trace_id, heard.parent_span_id) == (utterance.trace_id, utterance.span_id)
    (request,) = collector.named("tts_request")
    key = "azure_interpreter.id"
    assert attributes(request)[key] == attributes(utterance)[key]
    assert [words for words in _WORDS if words.encode() in collector.written] == []
