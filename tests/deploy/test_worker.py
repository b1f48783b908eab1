"""`deploy/worker.py` as a process, without a LiveKit server: tests/room/ has what needs one."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from fakes.worker_process import DEPLOYED, WorkerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to drain on")

ENVIRONMENT = {
    "AZURE_SPEECH_KEY": "any",
    "AZURE_SPEECH_REGION": "westeurope",
    "BACKUP_SPEECH_KEY": "any",
    "BACKUP_SPEECH_REGION": "eastus",
    "LIVEKIT_URL": "ws://127.0.0.1:9",
    "LIVEKIT_API_KEY": "devkey",
    "LIVEKIT_API_SECRET": "a secret that is long enough to sign",
}


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[WorkerProcess]]]:
    started: list[WorkerProcess] = []

    async def make(**environment: str) -> WorkerProcess:
        started.append(await WorkerProcess.start([DEPLOYED], {**ENVIRONMENT, **environment}))
        return started[-1]

    yield make
    for worker in started:
        await worker.aclose()


@pytest.fixture
def temporary_folder() -> Iterator[str]:
    """A short path: the worker's processes talk over sockets in it, and a socket's path has 107 letters."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield folder


@pytest.mark.slow
async def test_the_worker_tells_health_load_and_metrics_of_all_its_processes_and_leaves_on_sigterm(
    start: Callable[..., Awaitable[WorkerProcess]], temporary_folder: str
) -> None:
    worker = await start(TMPDIR=temporary_folder)
    assert await worker.health() == (200, "OK")
    assert await worker.image_health() == 0
    status, body = await worker.health("/worker")
    assert (status, json.loads(body)["worker_type"]) == (200, "JT_ROOM")
    # Two processes wait for a room; each has told how long it took to be ready.
    await worker.until_metric("lk_agents_proc_initialize_duration_seconds_count", 2)
    # Told only where the processes share their metrics, by the worker's own.
    await worker.until_metric("lk_agents_child_process_count", 2)
    assert ("lk_agents_worker_load", frozenset()) in await worker.metrics()
    worker.terminate()
    assert await worker.until_ended() == 0
    assert await worker.image_health() == 1
    assert [line for line in worker.log if "draining" in line] == ["draining worker"]
    assert [name for name in os.listdir(temporary_folder) if name.startswith("worker-metrics")] == []
