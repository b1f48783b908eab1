from __future__ import annotations

import asyncio
import importlib
import io
import json
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fakes.findings import assert_none
from fakes.limits import LIMIT_SECONDS, LONG_LIMIT_SECONDS, within
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    Drop,
    Emulator,
    Exchange,
    Line,
    NoVoice,
    RecordedConnection,
    Revisions,
    load_exchange,
)
from livekit_plugins_azure_interpreter.emulator.faults import KINDS
from livekit_plugins_azure_interpreter.emulator.faults.parser import fault_name
from livekit_plugins_azure_interpreter.emulator.watching.happenings import Answered

_MODULE = "livekit_plugins_azure_interpreter.emulator"

command = importlib.import_module(f"{_MODULE}.__main__")


class TestAsACommand:
    @pytest.mark.native
    @pytest.mark.skipif(sys.platform == "win32", reason="a console is needed to send Ctrl-C there")
    async def test_the_command_serves_at_the_endpoint_it_prints_until_ctrl_c_ends_it_with_0(
        self, connect: Any
    ) -> None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _MODULE, "--port", "0", stdout=pipe, stderr=pipe
        )
        try:
            assert process.stdout is not None
            line = await within(process.stdout.readline(), LONG_LIMIT_SECONDS)
            client = await connect(next(word for word in line.decode().split() if word.startswith("ws://")))
            await client.open_turn()
            await client.until("turn.start")
            process.send_signal(signal.SIGINT)
            _, err = await within(process.communicate(), LONG_LIMIT_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
        assert (process.returncode, err) == (0, b"")


class _Recorded:
    """Stands in for the emulator, keeps what it was given, and is interrupted at once."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.port = -1
        self.options: dict[str, Any] = {}

    def __call__(self, behaviour: Behaviour, *, port: int, **options: Any) -> None:
        self.behaviour, self.port, self.options = behaviour, port, options
        raise KeyboardInterrupt


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> _Recorded:
    recorded = _Recorded()
    monkeypatch.setattr(command, "Emulator", recorded)
    return recorded


class TestOptions:
    def test_a_bad_script_ends_with_2_and_one_line_that_names_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "bad.json"
        path.write_text("{")
        code = command.main(["--script", str(path)])
        out, err = capsys.readouterr()
        assert (code, out, err.count("\n"), f"{path}: not JSON" in err) == (2, "", 1, True)

    def test_no_options_give_the_default_behaviour(self, recorded: _Recorded) -> None:
        command.main([])
        assert recorded.behaviour == Behaviour()

    def test_the_default_port_is_the_one_in_the_help(self, recorded: _Recorded) -> None:
        command.main([])
        assert recorded.port == 8765

    @pytest.mark.parametrize(
        ("arguments", "behaviour"),
        [
            (["--key", "k"], Behaviour(key="k")),
            (["--no-interim"], Behaviour(interim_interval_ms=None)),
            (["--interim-interval-ms", "100"], Behaviour(interim_interval_ms=100)),
            (["--revised-share", "0.2"], Behaviour(revisions=Revisions(share=0.2))),
            (["--recognition-delay-ms", "7"], Behaviour(recognition_delay_ms=7)),
            (["--voice-delay-ms", "7"], Behaviour(voice_delay_ms=7)),
            (["--acknowledges", "headers"], Behaviour(acknowledges="headers")),
            (["--commits", "refused"], Behaviour(commits="refused")),
            (["--several-voices", "first"], Behaviour(several_voices="first")),
            (["--voice-speed", "1.5"], Behaviour(voice_speed=1.5)),
            (["--chunk-bytes", "640"], Behaviour(chunk_bytes=640)),
            (["--riff", "every"], Behaviour(riff="every")),
            (["--silence-ms", "300"], Behaviour(silence_ms=300)),
            (["--utterances-per-turn", "2"], Behaviour(utterances_per_turn=2)),
            (["--silent-turn-seconds", "30"], Behaviour(silent_turn_seconds=30.0)),
            (["--longest-seconds", "60"], Behaviour(longest_seconds=60.0)),
            (["--connection-seconds", "600"], Behaviour(connection_seconds=600.0)),
            (["--token-seconds", "600"], Behaviour(token_seconds=600.0)),
            (
                ["--fault", "drop at_seconds=5 code=1011", "--fault", "no-voice utterance=2"],
                Behaviour(faults=(Drop(5.0, code=1011), NoVoice(2))),
            ),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else "",
    )
    def test_each_reaches_the_behaviour(
        self, recorded: _Recorded, arguments: list[str], behaviour: Behaviour
    ) -> None:
        command.main(arguments)
        assert recorded.behaviour == behaviour

    def test_the_port_reaches_the_emulator(self, recorded: _Recorded) -> None:
        command.main(["--port", "1234"])
        assert recorded.port == 1234

    @pytest.mark.parametrize(
        ("options", "address"), [([], "127.0.0.1"), (["--listen", "0.0.0.0"], "0.0.0.0")]
    )
    def test_the_address_reaches_the_emulator(
        self, recorded: _Recorded, options: list[str], address: str
    ) -> None:
        command.main(options)
        assert recorded.options["listen"] == address

    def test_pages_and_names_that_are_allowed_reach_the_emulator(self, recorded: _Recorded) -> None:
        command.main(["--allow-origin", "https://a.example", "--allow-host", "b", "--allow-host", "c"])
        assert (recorded.options["origins"], recorded.options["hosts"]) == (["https://a.example"], ["b", "c"])

    def test_the_script_is_read(self, recorded: _Recorded, tmp_path: Path) -> None:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"lines": [{"text": "Hello"}]}))
        command.main(["--script", str(path)])
        assert recorded.behaviour.script == [Line("Hello")]

    def test_the_recorded_exchange_is_read(self, recorded: _Recorded, tmp_path: Path) -> None:
        exchange = Exchange(connections=(RecordedConnection(status=403),))
        path = tmp_path / "exchange.json"
        path.write_text(exchange.to_json())
        command.main(["--replay", str(path)])
        assert recorded.behaviour == Behaviour(replay=exchange)


class _Console(io.StringIO):
    """Gives the first line to `started` as soon as it is printed."""

    def __init__(self, started: Callable[[str], None]) -> None:
        super().__init__()
        self._started: Callable[[str], None] | None = started

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._started and "\n" in self.getvalue():
            started, self._started = self._started, None
            started(self.getvalue())
        return written


async def _come_and_go(endpoint: str) -> None:
    async def visit() -> None:
        async with aiohttp.ClientSession() as http, http.ws_connect(endpoint):
            pass

    await within(visit())


class TestWatching:
    """The command runs in this process, which has imported LiveKit already; a client comes in a thread."""

    def _shown(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[str]:
        """What the command prints while a client comes and goes, without its first line."""
        visits: list[threading.Thread] = []

        def visit(first_line: str) -> None:
            endpoint = next(word for word in first_line.split() if word.startswith("ws://"))
            try:
                asyncio.run(_come_and_go(endpoint))
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        def start_visit(first_line: str) -> None:
            visits.append(threading.Thread(target=visit, args=[first_line]))
            visits[0].start()

        console = _Console(start_visit)
        monkeypatch.setattr(sys, "stdout", console)
        assert command.main(["--port", "0", *arguments]) == 0
        visits[0].join(LIMIT_SECONDS)
        return console.getvalue().splitlines()[1:]

    @pytest.mark.native
    @pytest.mark.skipif(sys.platform == "win32", reason="a console is needed to send Ctrl-C there")
    @pytest.mark.parametrize(
        ("arguments", "read"),
        [([], lambda line: line.split()[2]), (["--json"], lambda line: json.loads(line)["what"])],
        ids=["as lines", "as JSON"],
    )
    def test_the_command_shows_what_happens(
        self, monkeypatch: pytest.MonkeyPatch, arguments: list[str], read: Callable[[str], str]
    ) -> None:
        assert [read(line) for line in self._shown(monkeypatch, *arguments)] == ["connected", "left"]

    @pytest.mark.native
    @pytest.mark.skipif(sys.platform == "win32", reason="a console is needed to send Ctrl-C there")
    def test_a_quiet_command_shows_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self._shown(monkeypatch, "--quiet") == []

    def test_a_recording_is_written_where_it_is_asked_for(self, recorded: _Recorded, tmp_path: Path) -> None:
        command.main(["--quiet", "--record", str(tmp_path / "recording.json")])
        (recorder,) = recorded.options["watchers"]
        recorder(Answered(method="GET", path="/speech/universal/v2", status=503))
        assert load_exchange(tmp_path / "recording.json").connections[0].status == 503


class TestHelp:
    @pytest.fixture
    def help_text(self, capsys: pytest.CaptureFixture[str]) -> str:
        with pytest.raises(SystemExit) as caught:
            command.main(["--help"])
        assert caught.value.code == 0
        return capsys.readouterr().out

    def test_help_lists_a_fault_with_its_options_and_what_it_is(self, help_text: str) -> None:
        options = "[utterance=] [language=] [after=] [code=]"
        assert f"  drop-in-voice {options}\n      The connection is reset" in help_text

    def test_help_explains_the_script_and_how_to_point_an_agent_at_it(self, help_text: str) -> None:
        assert "AZURE_SPEECH_ENDPOINT=ws://" in help_text
        assert '{"lines": [{' in help_text

    def test_help_states_the_limits(self, help_text: str) -> None:
        assert "900 connections at the same time" in help_text
        assert "1024 kB for a message" in help_text

    def test_help_names_every_fault(self, help_text: str) -> None:
        names = [fault_name(kind) for kind in KINDS]
        assert_none(name for name in names if not re.search(rf"^  {name}\b", help_text, re.MULTILINE))


class TestServe:
    @pytest.mark.native
    async def test_a_loop_without_signal_handlers_serves_too(
        self, connect: Any, mocker: MockerFixture, eventually: Any
    ) -> None:
        loop = asyncio.get_running_loop()
        mocker.patch.object(loop, "add_signal_handler", side_effect=NotImplementedError)
        printed = mocker.patch("builtins.print")
        emulator = Emulator()
        serving = asyncio.create_task(command._serve(emulator))
        await eventually(lambda: printed.called)
        assert emulator.endpoint in printed.call_args.args[0]
        await connect(emulator.endpoint)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    @pytest.mark.native
    @pytest.mark.skipif(sys.platform == "win32", reason="there are no signal handlers there")
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_a_signal_ends_it(
        self, mocker: MockerFixture, eventually: Any, number: signal.Signals
    ) -> None:
        handlers: dict[int, Any] = {}
        loop = asyncio.get_running_loop()
        mocker.patch.object(loop, "add_signal_handler", side_effect=handlers.__setitem__)
        serving = asyncio.create_task(command._serve(Emulator()))
        await eventually(lambda: len(handlers) == 2)
        handlers[number]()
        await within(serving)


class TestExitCode:
    def test_an_interrupt_is_0(self, recorded: _Recorded) -> None:
        assert command.main([]) == 0

    @pytest.mark.native
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["--chunk-bytes", "3"], "chunk_bytes"),
            (["--voice-speed", "0"], "voice_speed"),
            (["--script", "/nowhere/script.json"], "/nowhere/script.json"),
            (["--replay", "/nowhere/exchange.json"], "/nowhere/exchange.json"),
            (["--port", "70000"], "port"),
            (["--fault", "explode"], "there is no fault 'explode'"),
            (["--fault", "drop at_seconds=5 code=70000"], "code"),
            (["--token-seconds", "0"], "token_seconds"),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else "",
    )
    def test_an_error_exits_with_2_and_one_line_that_says_why(
        self, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
    ) -> None:
        code = command.main(arguments)
        err = capsys.readouterr().err
        assert (code, err.count("\n"), complaint in err) == (2, 1, True)

    @pytest.mark.native
    def test_a_port_that_is_taken_is_2_and_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            code = command.main(["--port", str(taken.getsockname()[1])])
        assert (code, capsys.readouterr().err.count("\n")) == (2, 1)
