from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession

from livekit_plugins_azure_interpreter.web import LiveKit, local_services
from livekit_plugins_azure_interpreter.web.children import Children
from livekit_plugins_azure_interpreter.web.local_services import Needs, start_services

_GIVEN = {"LIVEKIT_URL": "wss://a.example", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret"}
_SERVER = """#!{python}
import http.server, json, os, pathlib, sys
configuration = json.loads(os.environ["LIVEKIT_CONFIG"])
tried = pathlib.Path(__file__).with_suffix(".tried")
tried.write_text(tried.read_text() + "x" if tried.exists() else "x")
if len(tried.read_text()) < {works_at}:
    sys.exit("the port is taken")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", configuration["port"]), Handler).serve_forever()
"""
_EMULATOR = """
import time
print("Azure Speech emulator at ws://x:1/s (Ctrl-C ends it)", flush=True)
time.sleep(99)
"""
_WORKER = """
import os, time
print("LIVEKIT_URL", os.environ["LIVEKIT_URL"], "AZURE", os.environ.get("AZURE_SPEECH_ENDPOINT"), flush=True)
print("MODE", os.environ["MEETING_MODE"], "RECORD", os.environ["MEETING_RECORD"], flush=True)
print("registered worker", flush=True)
time.sleep(99)
"""


class TestNeeds:
    def test_the_server_of_the_variables_is_used(self) -> None:
        assert Needs.of(_GIVEN) == Needs(LiveKit("wss://a.example", "key", "secret"), "", is_emulated=True)

    def test_the_emulator_stands_in_only_without_a_key(self) -> None:
        assert not Needs.of({**_GIVEN, "AZURE_SPEECH_KEY": "a"}).is_emulated

    def test_a_server_that_is_named_in_part_is_a_mistake(self) -> None:
        with pytest.raises(
            ValueError, match="LIVEKIT_URL is set, but not LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        ):
            Needs.of({"LIVEKIT_URL": "wss://a.example"})

    def test_a_program_is_started_where_no_server_runs(self, tmp_path: Path) -> None:
        binary = server(tmp_path)
        assert Needs.of({"LIVEKIT_SERVER_BIN": binary}) == Needs(None, binary, is_emulated=True)

    def test_a_machine_without_a_server_is_told_how_to_get_one(self) -> None:
        with pytest.raises(ValueError, match="livekit/livekit/releases"):
            Needs.of({"PATH": ""})


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose emulator and worker are short programs."""
    root = tmp_path / "stand_in"
    (root / "web").mkdir(parents=True)
    (root / "emulator.py").write_text(_EMULATOR)
    (root / "web" / "worker.py").write_text(_WORKER)
    monkeypatch.setattr(local_services, "_PACKAGE", "stand_in")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return root


def server(folder: Path, *, works_at: int = 1) -> str:
    """A program that answers where it is told to, from the given attempt on."""
    path = folder / "livekit-server"
    path.write_text(_SERVER.format(python=sys.executable, works_at=works_at))
    path.chmod(0o755)
    return str(path)


@pytest.mark.native
@pytest.mark.skipif(os.name != "posix", reason="a script is no program there")
class TestStart:
    async def test_all_that_is_needed_is_started(self, package: Path, tmp_path: Path) -> None:
        said: list[str] = []
        written: list[bytes] = []
        async with Children(written.append) as children:
            livekit = await start_services(Needs(None, server(tmp_path), True), children, tell=said.append)
            async with ClientSession() as session, session.get(livekit.url.replace("ws", "http")) as answer:
                assert answer.status == 200
        assert f"LIVEKIT_URL {livekit.url} AZURE ws://x:1/s" in b"".join(written).decode()
        assert [one.split()[1] for one in said] == ["the", "a", "the"]
        assert len(livekit.secret) > 32
        assert livekit.secret not in b"".join(written).decode()

    async def test_the_worker_is_told_the_mode_and_the_record(self, package: Path) -> None:
        written: list[bytes] = []
        given = LiveKit("wss://a.example", "key", "secret")
        async with Children(written.append) as children:
            needs = Needs(given, "", False)
            await start_services(needs, children, mode="consecutive", record="meetings.db", tell=len)
        assert "MODE consecutive RECORD meetings.db" in b"".join(written).decode()

    async def test_nothing_is_started_that_is_there(self, package: Path) -> None:
        said: list[str] = []
        given = LiveKit("wss://a.example", "key", "secret")
        async with Children(len) as children:
            assert await start_services(Needs(given, "", False), children, tell=said.append) == given
        assert said == ["Starting the interpreter …"]

    async def test_a_port_that_is_taken_is_no_reason_to_give_up(self, package: Path, tmp_path: Path) -> None:
        binary = server(tmp_path, works_at=3)
        async with Children(len) as children:
            await start_services(Needs(None, binary, False), children, tell=len)

    async def test_a_server_that_never_starts_is_said_so(self, package: Path, tmp_path: Path) -> None:
        binary = server(tmp_path, works_at=9)
        async with Children(len) as children:
            with pytest.raises(RuntimeError, match=r"The LiveKit server has ended(.|\n)*the port is taken"):
                await start_services(Needs(None, binary, False), children, tell=len)

    async def test_a_worker_that_fails_is_said_so(self, package: Path) -> None:
        (package / "web" / "worker.py").write_text("raise SystemExit('no key')")
        given = LiveKit("wss://a.example", "key", "secret")
        async with Children(len) as children:
            with pytest.raises(RuntimeError, match=r"The interpreter's worker has ended(.|\n)*no key"):
                await start_services(Needs(given, "", False), children, tell=len)
