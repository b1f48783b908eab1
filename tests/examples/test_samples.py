"""The demo is tried without Azure and LiveKit, by its command line.

Most tests run it within this process, which has imported LiveKit already.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import runpy
import signal
import sys
import threading
import wave
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from demo import service_watch
from fakes.limits import LIMIT_SECONDS, LONG_LIMIT_SECONDS, within
from fakes.session import CLOSES_AT_ONCE
from fakes.worker_process import EXAMPLES
from livekit.agents import APIConnectOptions
from livekit.agents.voice import agent_session
from livekit.agents.voice.agent_session import SessionConnectOptions

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter.emulator import ECHOED, Behaviour, Emulator

_SECONDS = 1.4
"""What is said in `sentence`."""
_FRENCH = "Bonjour, et bienvenue à la conférence."
_EMULATED = "Without AZURE_SPEECH_KEY, Azure Speech is emulated: nothing is recognized or translated."
_WIDTH = "200"
"""Rich cuts lines to the terminal's width."""

Run = Callable[..., tuple[Any, list[str]]]


class _Terminal(io.StringIO):
    """Keeps what is printed, and presses Ctrl-C when `interrupt_at` is."""

    def __init__(self, interrupt_at: str | None) -> None:
        super().__init__()
        self._interrupt_at = interrupt_at

    def write(self, text: str) -> int:
        if self._interrupt_at and self._interrupt_at in text:
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Run]:
    """An example's exit code, and the lines that it has printed or logged.

    `interrupt_at`: press Ctrl-C when this is printed. Others are variables of its environment.
    """

    def run_example(
        name: str, *arguments: object, interrupt_at: str | None = None, **variables: str
    ) -> tuple[Any, list[str]]:
        for variable, value in {"COLUMNS": _WIDTH, **variables}.items():
            monkeypatch.setenv(variable, value)
        terminal = _Terminal(interrupt_at)
        # LiveKit would wait 2 s for a final of what was not spoken.
        closes_at_once = partial(azure_interpreter.session_options, **CLOSES_AT_ONCE)
        monkeypatch.setattr(azure_interpreter, "session_options", closes_at_once)
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setattr(sys, "stderr", terminal)
        code: Any = 0
        try:
            runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        except SystemExit as ended:
            code = ended.code
        return code, [*terminal.getvalue().splitlines(), *caplog.text.splitlines()]

    loggers = [logging.getLogger(name) for name in ("livekit", "asyncio")]
    levels = [logger.level for logger in loggers]
    yield run_example
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def refusing_endpoint() -> Iterator[str]:
    """Of an emulator that takes another key. It runs in a thread: an example has this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    emulator = Emulator(Behaviour(key="right"))
    asyncio.run_coroutine_threadsafe(emulator.__aenter__(), loop).result(LIMIT_SECONDS)
    yield emulator.endpoint
    asyncio.run_coroutine_threadsafe(emulator.__aexit__(None, None, None), loop).result(LIMIT_SECONDS)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(LIMIT_SECONDS)
    loop.close()


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as wav:
        return wav.getnframes() / wav.getframerate()


@pytest.fixture
def command(tmp_path: Path) -> tuple[object, ...]:
    """The demo, on the sample."""
    return ("interpret_file.py", "--out", tmp_path / "heard.wav")


@pytest.mark.slow
def test_a_users_own_recording_is_echoed_and_labelled_so(run: Run, sentence: Path, tmp_path: Path) -> None:
    code, printed = run("interpret_file.py", sentence, "--to", "de", "--out", tmp_path / "heard.wav")
    assert code == 0
    assert printed[0].startswith(_EMULATED)
    assert [line.split() for line in printed if "→" in line] == [["→", "de", *ECHOED.split()]]
    assert printed[-1].endswith("heard.wav: left what was said, right what was heard")
    assert _seconds(tmp_path / "heard.wav") > _SECONDS


def test_silence_is_told_where_the_service_answers(run: Run, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(bytes(32000))
    code, printed = run("interpret_file.py", silence, "--out", tmp_path / "heard.wav")
    assert (code, printed[-1]) == (0, "No speech was recognized.")


def test_a_file_that_is_not_there_is_one_line(run: Run) -> None:
    code, printed = run("interpret_file.py", "missing.wav")
    assert (code, printed) == (2, ["error: there is no file missing.wav"])


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("missing/heard.wav", "there is no folder missing"),
        (".", ". is a folder, not a file"),
    ],
)
def test_an_unwritable_file_is_reported_before_the_work(run: Run, out: str, told: str) -> None:
    code, printed = run("interpret_file.py", "--out", out)
    assert (code, printed) == (2, [f"error: --out: {told}"])


def test_a_wrong_key_is_one_line(run: Run, command: tuple[object, ...], refusing_endpoint: str) -> None:
    code, printed = run(*command, AZURE_SPEECH_KEY="wrong", AZURE_SPEECH_ENDPOINT=refusing_endpoint)
    assert code == 1
    told = [line for line in printed if not line.startswith(("→", "Interpreting to")) and line]
    assert len(told) == 1
    assert told[0].startswith("error: Azure refused the credentials: check speech_key (AZURE_SPEECH_KEY)")


def test_a_service_that_cannot_be_reached_is_an_error(
    run: Run, command: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = APIConnectOptions(timeout=1.0, retry_interval=0.1)
    options = partial(SessionConnectOptions, stt_conn_options=impatient, tts_conn_options=impatient)
    monkeypatch.setattr(agent_session, "SessionConnectOptions", options)
    monkeypatch.setattr(service_watch, "_FIRST_ANSWER_SECONDS", 2.0)
    nobody = "ws://127.0.0.1:1/speech/universal/v2"
    code, printed = run(*command, AZURE_SPEECH_KEY="any", AZURE_SPEECH_ENDPOINT=nobody)
    assert code == 1
    (error,) = [line for line in printed if line.startswith("error: ")]
    assert "could not be reached" in error
    assert [line for line in printed if line.endswith("(trying again)")]
    assert [line for line in printed if "No speech was recognized" in line or "Traceback" in line] == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_ends_it_by_its_exit_code_and_without_a_traceback(
    run: Run, command: tuple[object, ...]
) -> None:
    code, printed = run(*command, interrupt_at=_FRENCH)
    assert (code, printed[-1]) == (130, "interrupted")
    assert [line for line in printed if "Traceback" in line] == []
    assert printed[0].startswith(_EMULATED)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.slow
async def test_a_process_that_is_interrupted_leaves_nothing_to_complain_of(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        str(EXAMPLES / "interpret_file.py"),
        *("--out", str(tmp_path / "heard.wav")),
        env={**os.environ, "COLUMNS": _WIDTH, "PYTHONIOENCODING": "utf-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )

    async def read() -> list[str]:
        assert process.stdout is not None
        lines = []
        async for line in process.stdout:
            lines.append(line.decode().rstrip("\r\n"))
            if _FRENCH in lines[-1]:
                process.send_signal(signal.SIGINT)
        await process.wait()
        return lines

    try:
        printed = await within(read(), LONG_LIMIT_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert (process.returncode, printed[-1]) == (130, "interrupted")
    assert [line for line in printed if "Traceback" in line] == []
