"""The watch in a worker, with a LiveKit server that is a fake."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.fixtures import Until
from fakes.livekit_api import KEY, SECRET, FakeLiveKit
from livekit import api, rtc

from livekit_plugins_azure_interpreter import MeetingWatch
from livekit_plugins_azure_interpreter import meeting_watch as _meeting_watch
from livekit_plugins_azure_interpreter._fleet import rounds as _rounds

pytestmark = pytest.mark.native


class FakeWorker(rtc.EventEmitter[str]):
    """LiveKit's AgentServer, which starts when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.active_jobs: list[Any] = []


def _job(room: str, identity: str) -> Any:
    job = SimpleNamespace(id=f"AJ_{identity}", room=SimpleNamespace(name=room))
    return SimpleNamespace(job=job, accept_arguments=SimpleNamespace(identity=identity))


@pytest.fixture
async def livekit(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeLiveKit]:
    monkeypatch.setattr(_rounds, "_SHORTEST_SECONDS", 0.02)
    monkeypatch.setattr(_rounds, "_LONGEST_SECONDS", 0.02)
    monkeypatch.setattr(_meeting_watch, "_JOBS_SECONDS", 0.01)
    async with FakeLiveKit() as livekit:
        for name, value in (("URL", livekit.url), ("API_KEY", KEY), ("API_SECRET", SECRET)):
            monkeypatch.setenv(f"LIVEKIT_{name}", value)
        yield livekit


@pytest.fixture
async def worker() -> AsyncIterator[Any]:
    before = asyncio.all_tasks()
    yield FakeWorker()
    for task in (
        asyncio.all_tasks() - before - {asyncio.current_task()}
    ):  # as LiveKit does at the end of a worker
        task.cancel()
        await asyncio.wait({task})


async def test_a_meeting_that_is_alone_gets_an_interpreter(
    livekit: FakeLiveKit, worker: Any, until: Until
) -> None:
    livekit.join("standup", "alice", attributes={"language": "fr"})
    livekit.join("lobby", "bob")
    MeetingWatch(agent_name="interpreter", alone_seconds=0.1).attach(worker)
    assert not livekit.dispatches
    worker.emit("worker_started")
    await until(lambda: livekit.dispatches)
    assert list(livekit.dispatches) == ["standup"]
    assert [one.agent_name for one in livekit.dispatches["standup"]] == ["interpreter"]


async def test_a_meeting_whose_job_has_ended_does_not_wait(
    livekit: FakeLiveKit, worker: Any, until: Until
) -> None:
    agent = api.ParticipantInfo.Kind.AGENT
    livekit.join("standup", "alice", attributes={"language": "fr"})
    livekit.join("standup", "agent-1", kind=agent, attributes={"interpreter": "ready"})
    worker.active_jobs.append(_job("standup", "agent-1"))
    MeetingWatch(alone_seconds=60.0).attach(worker)
    worker.emit("worker_started")
    await asyncio.sleep(0.1)
    assert not livekit.dispatches
    worker.active_jobs.clear()
    await until(lambda: livekit.dispatches)
    assert [one.identity for one in livekit.people["standup"]] == ["alice"]


async def test_a_server_that_does_not_answer_is_told_once_and_asked_again(
    livekit: FakeLiveKit, worker: Any, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    livekit.refuses = True
    livekit.join("standup", "alice", attributes={"language": "fr"})
    worker.active_jobs.append(_job("standup", "agent-1"))
    MeetingWatch(alone_seconds=0.1).attach(worker)
    worker.emit("worker_started")
    await asyncio.sleep(0.1)
    worker.active_jobs.clear()
    await until(lambda: "tried again" in caplog.text)
    await asyncio.sleep(0.1)
    livekit.refuses = False
    await until(lambda: livekit.dispatches)
    messages = [one.getMessage() for one in caplog.records if "LiveKit's server" in one.getMessage()]
    assert len(messages) == 2
    assert "says again" in messages[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alone_seconds": 0}, "alone_seconds"),
        ({"most_rooms": 0}, "most_rooms"),
        ({"attributes": ()}, "attributes is empty"),
    ],
)
def test_a_wrong_argument_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MeetingWatch(**options)
