from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from fakes.limits import LONG_LIMIT_SECONDS

from livekit_plugins_azure_interpreter.record import SQLiteRecord
from livekit_plugins_azure_interpreter.web import worker


class _Meeting:
    """Stands in for a MeetingInterpreter."""

    started: ClassVar[list[Any]] = []

    def __init__(self, *, fallback: Any, **options: Any) -> None:
        self.fallback, self.options = fallback, options

    async def start(self, room: Any) -> None:
        self.started.append((room, self.fallback("fr"), self.options))


class _Job:
    """Stands in for LiveKit's JobContext."""

    room = "the room"

    def __init__(self) -> None:
        self.connected: list[Any] = []
        self.closing: list[Any] = []

    async def connect(self, *, auto_subscribe: Any) -> None:
        self.connected.append(auto_subscribe)

    def add_shutdown_callback(self, callback: Any) -> None:
        self.closing.append(callback)


async def test_a_job_interprets_its_room_and_subscribes_to_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SPEECH_KEY", "any")
    monkeypatch.setenv("AZURE_SPEECH_REGION", "westeurope")
    monkeypatch.setattr(worker, "MeetingInterpreter", _Meeting)
    job = _Job()
    await worker.entrypoint(job)
    ((room, stand_in, options),) = _Meeting.started
    assert (room, job.connected) == ("the room", ["audio_only"])
    # Nobody is copied who was not asked; an assistant takes part.
    assert options == {
        "default_voice": "prebuilt",
        "interpret_agents": True,
        "mode": "simultaneous",
        "record": None,
    }
    await asyncio.gather(*(close() for close in job.closing))
    assert [close.__self__ for close in job.closing] == [stand_in]


async def test_a_job_records_its_room_if_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_SPEECH_KEY", "any")
    monkeypatch.setenv("AZURE_SPEECH_REGION", "westeurope")
    monkeypatch.setattr(worker, "MeetingInterpreter", _Meeting)
    monkeypatch.setattr(worker, "_RECORD", str(tmp_path / "meetings.db"))
    monkeypatch.setattr(_Meeting, "started", [])
    job = _Job()
    await worker.entrypoint(job)
    ((_, _, options),) = _Meeting.started
    assert isinstance(options["record"], SQLiteRecord)
    await asyncio.gather(*(close() for close in job.closing))


@pytest.mark.slow
def test_the_command_takes_livekits_options() -> None:
    command = [sys.executable, "-m", worker.__name__, "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LONG_LIMIT_SECONDS)
    assert "--log-level" in ran.stdout


def test_the_load_counts_meetings() -> None:
    assert worker.load(SimpleNamespace(active_jobs=[])) == 0.0
    assert worker.load(SimpleNamespace(active_jobs=[1] * 4)) == pytest.approx(0.56)
    assert worker.load(SimpleNamespace(active_jobs=[1] * 5)) == 0.7
