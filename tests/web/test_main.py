from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from fakes.limits import within

from livekit_plugins_azure_interpreter.web import LiveKit
from livekit_plugins_azure_interpreter.web.children import Children
from livekit_plugins_azure_interpreter.web.invites import Invites
from livekit_plugins_azure_interpreter.web.local_services import Needs

_MODULE = "livekit_plugins_azure_interpreter.web"
command = importlib.import_module(f"{_MODULE}.__main__")
_GIVEN = {"LIVEKIT_URL": "ws://127.0.0.1:7880", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "a" * 32}
_THEIRS = (*_GIVEN, "LIVEKIT_SERVER_BIN", "AZURE_SPEECH_KEY", "MEETING_PASSWORD")


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _THEIRS:
        monkeypatch.delenv(name, raising=False)


class TestMistakes:
    def test_a_machine_without_a_server_is_told_how_to_get_one(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PATH", "")
        assert command.main([]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "a meeting needs a LiveKit server: have livekit-server (https://" in line

    @pytest.mark.native
    def test_a_port_that_is_taken_is_said_before_anything_starts(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name, value in _GIVEN.items():
            monkeypatch.setenv(name, value)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert command.main(["--port", str(port)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert re.search(rf"cannot listen on 127\.0\.0\.1, port {port} .*choose another with --port", line)

    @pytest.mark.native  # it asks for a socket
    def test_a_port_that_is_none_is_said(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name, value in _GIVEN.items():
            monkeypatch.setenv(name, value)
        assert command.main(["--port", "99999"]) == 2
        assert "--port" in capsys.readouterr().err

    @pytest.mark.native
    def test_a_service_that_does_not_start_is_said(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async def fail(*_: object, **__: object) -> None:
            raise RuntimeError("The LiveKit server has ended.")

        monkeypatch.setattr(command, "start_services", fail)
        for name, value in _GIVEN.items():
            monkeypatch.setenv(name, value)
        assert command.main(["--port", "0"]) == 1
        assert capsys.readouterr().err == "The LiveKit server has ended.\n"

    @pytest.mark.native
    def test_the_command_says_what_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PATH", "")
        assert command.main([]) == 2
        ran = capsys.readouterr()
        assert ran.out == ""
        assert ran.err.startswith(f"python -m {_MODULE}: a meeting needs a LiveKit server")


Serving = Callable[..., Any]


@pytest.fixture
async def serve(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serving]:
    """Run the command with a LiveKit server that is there and a worker that is a short program."""
    running: list[asyncio.Task[None]] = []
    said: asyncio.Queue[str] = asyncio.Queue()
    started: list[Any] = []

    async def start_services(
        needs: Needs, children: Children, *, mode: str, record: str, tell: Callable[[str], object]
    ) -> LiveKit:
        tell("Starting …")
        sleeper = [sys.executable, "-c", "print('hello', flush=True); import time; time.sleep(99)"]
        started.append(await children.start("The worker", sleeper, {}))
        await started[-1].until_written(r"(hello)\s", seconds=30)
        assert needs.livekit is not None
        return needs.livekit

    async def run(*arguments: str, **environment: str) -> tuple[str, asyncio.Task[None], Any]:
        parser = argparse.ArgumentParser()
        command.add_options(parser)
        options = parser.parse_args(["--port", "0", *arguments])
        launch = command.Launch.read(options, {**_GIVEN, **environment})
        running.append(asyncio.create_task(command._run(options, launch, command._listen(options.listen, 0))))
        assert await within(said.get()) == "Starting …"
        address = re.search(r"The meeting is at (\S+)", await within(said.get()))
        assert address is not None
        return address[1], running[-1], started[-1]

    monkeypatch.setattr(command, "start_services", start_services)
    monkeypatch.setattr(command, "_tell", said.put_nowait)
    yield run
    for one in running:
        one.cancel()
        await within(asyncio.wait({one}))


@pytest.mark.native
@pytest.mark.skipif(sys.platform == "win32", reason="a loop has no handlers of signals there")
class TestRun:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    async def test_the_page_is_served_until_a_signal_comes(
        self, serve: Serving, number: signal.Signals
    ) -> None:
        url, running, child = await serve()
        async with ClientSession() as session, session.get(url) as page:
            assert page.status == 200
        os.kill(os.getpid(), number)
        await within(running)
        assert child.exit_code == -signal.SIGTERM

    async def test_a_program_that_dies_ends_the_command(self, serve: Serving) -> None:
        _, running, child = await serve()
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="The worker has ended"):
            await within(running)

    async def test_the_first_invite_is_part_of_the_address(self, serve: Serving) -> None:
        proxy = ("--behind-proxy", "https://meet.example.com", "--room", "board")
        url, _, _ = await serve(*proxy)
        page, _, invite = url.partition("#invite=")
        assert page == "https://meet.example.com/"
        assert Invites(_GIVEN["LIVEKIT_API_SECRET"]).read(invite, now=0) == "board"

    async def test_a_page_on_all_addresses_has_the_name_of_the_machine(self, serve: Serving) -> None:
        proxy = ("--behind-proxy", "http://meet.example.com")
        url, _, _ = await serve("--listen", "0.0.0.0", *proxy, MEETING_PASSWORD="a")
        assert url == "http://meet.example.com/"

    async def test_a_meeting_that_is_recorded_says_so(self, serve: Serving, tmp_path: Path) -> None:
        url, _, _ = await serve("--record", str(tmp_path / "meetings.db"))
        async with ClientSession() as session, session.get(f"{url}api/meeting") as answer:
            assert (await answer.json())["is_recorded"] is True

    async def test_verbose_shows_what_the_programs_write(
        self, serve: Serving, capfdbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        await serve("--verbose")
        sys.stdout.flush()
        assert b"hello" in capfdbinary.readouterr().out
