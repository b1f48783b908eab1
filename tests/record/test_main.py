from __future__ import annotations

import asyncio
import importlib
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.limits import LONG_LIMIT_SECONDS
from fakes.record import MEETING, utterance
from fakes.webhook_receiver import SECRET, WebhookReceiver

from livekit_plugins_azure_interpreter.record import Ended, Started, Webhooks
from livekit_plugins_azure_interpreter.record.sqlite_record import SQLiteRecord

_MODULE = "livekit_plugins_azure_interpreter.record"

command = importlib.import_module(f"{_MODULE}.__main__")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "meetings.db"


@pytest.fixture
async def recorded(path: Path) -> Path:
    """A record of three meetings: one in the room "standup", and two in "planning"."""
    record = SQLiteRecord(path)
    for meeting, room in [("RM_one", "standup"), ("RM_two", "planning"), ("RM_three", "planning")]:
        started = Started(id="s", meeting=meeting, at=1000.0, room=room)
        alice = utterance(1, meeting=meeting)
        bob = utterance(2, meeting=meeting, person="bob", text="née")
        await record.append([started, alice, bob])
    await record.aclose()
    return path


Capture = pytest.CaptureFixture[str]


def run(*arguments: str | Path) -> int:
    status: int = command.main([str(one) for one in arguments])
    return status


def test_the_meetings_are_listed(recorded: Path, capsys: Capture) -> None:
    assert run("meetings", "--sqlite", recorded) == 0
    assert capsys.readouterr().out.splitlines() == [
        "RM_one  1970-01-01T00:16:40+00:00     0.1 min       3 entries  standup",
        "RM_three  1970-01-01T00:16:40+00:00     0.1 min       3 entries  planning",
        "RM_two  1970-01-01T00:16:40+00:00     0.1 min       3 entries  planning",
    ]


@pytest.mark.parametrize("name", ["RM_one", "standup"])
def test_a_meeting_is_exported_by_its_id_or_its_room(recorded: Path, capsys: Capture, name: str) -> None:
    assert run("export", name, "--format", "vtt", "--language", "fr", "--sqlite", recorded) == 0
    assert "<v Alice>phrase 1</v>" in capsys.readouterr().out


def test_a_meeting_is_exported_in_two_languages(recorded: Path, capsys: Capture) -> None:
    assert run("export", "RM_one", "--format", "txt", "--bilingual", "--sqlite", recorded) == 0
    assert "Alice: sentence 1\n           phrase 1\n" in capsys.readouterr().out


def test_a_persons_entries_are_deleted(recorded: Path, capsys: Capture) -> None:
    assert run("delete", "RM_one", "--person", "alice", "--sqlite", recorded) == 0
    assert run("export", "RM_one", "--format", "json", "--sqlite", recorded) == 0
    told, _, exported = capsys.readouterr().out.partition("\n")
    assert told == "1 entries were deleted"
    assert [said["person"] for said in json.loads(exported)["utterances"]] == ["bob"]


def test_a_meeting_is_deleted(recorded: Path, capsys: Capture) -> None:
    assert run("delete", "RM_one", "--sqlite", recorded) == 0
    assert run("meetings", "--sqlite", recorded) == 0
    assert "RM_one" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "retro", "--format", "srt"], "there is no meeting 'retro'"),
        (["delete", "retro"], "there is no meeting 'retro'"),
        (["export", "planning", "--format", "srt"], "had several meetings: name one of RM_three, RM_two"),
        (["export", "RM_one", "--format", "srt", "--language", "frnch"], "'frnch'"),
    ],
)
def test_a_mistake_is_one_line(recorded: Path, capsys: Capture, arguments: list[str], message: str) -> None:
    assert run(*arguments, "--sqlite", recorded) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_record_that_is_not_there_is_one_line(path: Path, capsys: Capture) -> None:
    assert run("meetings", "--sqlite", path) == 2
    assert run("meetings", "--redis", f"unix://{path}") == 2
    assert run("meetings", "--redis", "localhost") == 2
    first, second, third = capsys.readouterr().err.splitlines()
    assert "there is no record at" in first
    assert "Redis: " in second
    assert "Redis URL must specify" in third


@pytest.mark.parametrize(
    "arguments",
    [[], ["meetings"], ["export", "RM_one", "--sqlite", "x"], ["meetings", "--sqlite", "x", "--redis", "y"]],
)
def test_a_command_that_lacks_something_shows_its_usage(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert "usage: " in capsys.readouterr().err


def test_a_meeting_is_written_to_any_output(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", written := io.StringIO())
    assert run("export", "RM_one", "--format", "srt", "--sqlite", recorded) == 0
    assert "Alice: sentence 1" in written.getvalue()


@pytest.mark.slow
def test_the_command_writes_utf_8_whatever_the_console_has_and_by_livekits_name_too(recorded: Path) -> None:
    module = "livekit.plugins.azure_interpreter.record"
    process = subprocess.run(
        [sys.executable, "-m", module, "export", "RM_one", "--format", "srt", "--sqlite", str(recorded)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=LONG_LIMIT_SECONDS,
    )
    assert "née".encode() in process.stdout


@pytest.mark.native
class TestDeliver:
    async def _leave(self, path: Path, url: str) -> None:
        record = SQLiteRecord(path)
        Webhooks(url, SECRET).follow(record)
        await record.append([utterance(1, at=time.time()), Ended(id="e", meeting=MEETING, at=time.time())])
        await record.aclose()

    async def test_the_command_delivers_what_is_left(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        monkeypatch.setenv("WEBHOOK_SECRET", f"{SECRET} whsec_{'c2Vz' * 8}")
        async with WebhookReceiver() as receiver:
            await self._leave(path, receiver.url)
            assert await asyncio.to_thread(run, "deliver", receiver.url, "--sqlite", path) == 0
            assert receiver.types == ["meeting.utterance", "meeting.ended"]
        assert capsys.readouterr().out == "2 webhooks were delivered\n"

    async def test_the_command_says_what_is_still_left(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
        async with WebhookReceiver() as receiver:
            receiver.answers.extend([(400, {})] * 4 + [(500, {})] * 100)
            await self._leave(path, receiver.url)
            seconds = ("--seconds", "0.5")
            assert await asyncio.to_thread(run, "deliver", receiver.url, "--sqlite", path, *seconds) == 1
        assert "0 webhooks were delivered; some are left: run it again" in capsys.readouterr().err

    async def test_the_command_says_what_is_dropped(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
        async with WebhookReceiver() as receiver:
            record = SQLiteRecord(path)
            Webhooks(receiver.url, SECRET).follow(record)
            await record.append([utterance(1), Ended(id="e", meeting=MEETING, at=time.time())])
            await record.aclose()
            assert await asyncio.to_thread(run, "deliver", receiver.url, "--sqlite", path) == 0
        assert capsys.readouterr().out == "1 webhooks were delivered, and 1 were dropped\n"

    def test_a_secret_is_needed(self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        monkeypatch.delenv("WEBHOOK_SECRET", raising=False)
        assert run("deliver", "https://example.com", "--sqlite", path) == 2
        assert "secret is empty" in capsys.readouterr().err
