"""Closing at any moment: soon, without error, and nothing is left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.limits import LIMIT_SECONDS, LONG_LIMIT_SECONDS, within
from fakes.promises import takes_less_than, tries_again
from livekit.agents import APIConnectOptions

from livekit_plugins_azure_interpreter._sdk import connection as _connection
from livekit_plugins_azure_interpreter.emulator import Behaviour

_CLOSE_SECONDS = 3.0
_SPEECH = (0.2, 0.8)
_PROCESSES = int(os.environ.get("CLOSING_PROCESSES", "1"))
_AT_ONCE = 3 * (os.cpu_count() or 1)


def _threads() -> int:
    """How many threads there are: all of them, or Python's own where that cannot be told."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


async def _until(reached: Callable[[], bool]) -> bool:
    ends_at = time.monotonic() + LIMIT_SECONDS
    while not reached() and time.monotonic() < ends_at:  # noqa: ASYNC110 - threads wake nobody
        await asyncio.sleep(0.01)
    return reached()


@pytest.fixture(autouse=True)
async def nothing_is_left(
    open_pair: Any, audio: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """After the test there are the tasks and threads that were there before, native ones too; no error."""
    # How long it takes is measured here; a try that is slow is no error in the log.
    monkeypatch.setattr(_connection, "CLOSE_SECONDS", LIMIT_SECONDS)
    # What a first use starts for good is there before the count.
    first = await open_pair(Behaviour(script=[audio.line(1)]))
    await first.interpret(audio.speech(_SPEECH, end=1.5))
    await first.aclose()
    await first.emulator.aclose()
    tasks = asyncio.all_tasks()
    threads = _threads()
    yield
    left = [task for task in asyncio.all_tasks() - tasks if not _is_the_tests_own(task)]
    assert not left
    errors = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not errors
    assert await _until(lambda: _threads() <= threads), f"{_threads()}, not {threads}"


def _is_the_tests_own(task: asyncio.Task[Any]) -> bool:
    """aiohttp's tasks per connection, of the servers that these tests stop last; and this one."""
    name = getattr(task.get_coro(), "__qualname__", "")
    return task is asyncio.current_task() or name.startswith("RequestHandler.")


async def _close(*closings: Callable[[], Awaitable[None]]) -> None:
    with takes_less_than(_CLOSE_SECONDS):
        for close in closings:
            await within(close())


def _long(audio: Any) -> Behaviour:
    """One utterance, whose voice takes a minute to come."""
    return Behaviour(script=[audio.line(1, 60.0)], interim_interval_ms=100, voice_speed=1.0)


class TestStream:
    async def test_a_stream_closes_before_it_runs(self, open_pair: Any) -> None:
        pair = await open_pair()
        await pair.stream.aclose()  # in a task of its own, it would run after the stream's
        assert pair.emulator.connections == 0

    @pytest.mark.parametrize("steps", [1, 2, 3, 5])
    @tries_again
    async def test_a_stream_closes_while_it_opens(self, open_pair: Any, steps: int) -> None:
        pair = await open_pair()
        for _ in range(steps):
            await asyncio.sleep(0)
        await _close(pair.stream.aclose)

    @tries_again
    async def test_a_stream_closes_right_after_it_connected(self, open_pair: Any) -> None:
        pair = await open_pair()
        assert await _until(lambda: pair.emulator.connections == 1)
        await _close(pair.stream.aclose)

    @tries_again
    async def test_a_stream_closes_amid_an_utterance(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_long(audio))
        pair.push(audio.speech(_SPEECH, end=_SPEECH[1]))
        await pair.listen_until("interim_transcript")
        await _close(pair.stream.aclose)

    @tries_again
    async def test_a_stream_closes_with_much_unsent_audio(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_long(audio))
        pair.push(audio.silence(30.0))
        assert await _until(lambda: pair.emulator.connections == 1)
        await _close(pair.stream.aclose)

    @tries_again
    async def test_a_stream_that_closes_amid_a_voice_ends_the_speech_too(
        self, open_pair: Any, audio: Any
    ) -> None:
        pair = await open_pair(_long(audio))
        pair.push(audio.speech(_SPEECH, end=1.5))
        await pair.listen_until("final_transcript")
        async with pair.tts.stream() as speech:
            speech.push_text(pair.finals[0].text)
            speech.end_input()
            heard = await within(speech.__anext__())
            assert bytes(heard.frame.data)
            await _close(pair.stream.aclose)
            rest = asyncio.create_task(_all(speech))
            await within(rest)
        (lost,) = pair.lost
        assert 0 < lost.seconds_heard < 60

    @tries_again
    async def test_a_stream_closes_while_it_drains(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_long(audio))
        pair.push(audio.speech(_SPEECH, end=1.5))
        pair.stream.end_input()
        await pair.listen_until("final_transcript")
        await _close(pair.stream.aclose)

    @tries_again
    async def test_a_stream_closes_after_it_ended(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(Behaviour(script=[audio.line(1)]))
        await pair.interpret(audio.speech(_SPEECH, end=1.5))
        await _close(pair.stream.aclose)

    @tries_again
    async def test_a_stream_can_be_closed_repeatedly_and_concurrently(
        self, open_pair: Any, audio: Any
    ) -> None:
        pair = await open_pair(_long(audio))
        pair.push(audio.speech(_SPEECH, end=_SPEECH[1]))
        await pair.listen_until("interim_transcript")
        await _close(lambda: asyncio.gather(pair.stream.aclose(), pair.stream.aclose()))
        await _close(pair.stream.aclose, pair.stt.aclose, pair.stt.aclose)

    @tries_again
    async def test_the_stt_closes_all_its_streams(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(_long(audio))
        others = [pair.stt.stream() for _ in range(3)]
        assert await _until(lambda: pair.emulator.connections == 4)
        await _close(pair.stt.aclose)
        for stream in [pair.stream, *others]:
            with pytest.raises(StopAsyncIteration):
                await within(stream.__anext__())


class TestMuteService:
    """It accepts the connection, and never says a word."""

    @pytest.fixture
    async def mute(self) -> AsyncIterator[Any]:
        accepted: list[str] = []

        async def listen(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse(protocols=("USP",), max_msg_size=0)
            await socket.prepare(request)
            accepted.append(request.path)
            async for _ in socket:
                pass
            return socket

        app = web.Application()
        app.router.add_get("/speech/universal/v2", listen)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield accepted, f"ws://127.0.0.1:{runner.addresses[0][1]}/speech/universal/v2"
        await runner.cleanup()

    @pytest.mark.parametrize("seconds", [0.0, 1.0, 20.0])
    @tries_again
    async def test_a_stream_closes_while_a_mute_service_hears_it(
        self, open_pair: Any, audio: Any, mute: Any, seconds: float
    ) -> None:
        accepted, endpoint = mute
        accepted.clear()
        pair = await open_pair(speech_endpoint=endpoint)
        pair.push(audio.burst(seconds))
        assert await _until(lambda: bool(accepted))
        await _close(pair.stream.aclose)

    @tries_again
    async def test_a_stream_closes_while_the_handshake_is_unanswered(
        self, open_pair: Any, audio: Any
    ) -> None:
        accepted: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(lambda _, writer: accepted.append(writer), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        pair = await open_pair(speech_endpoint=f"ws://{host}:{port}/speech/universal/v2")
        pair.push(audio.burst(1.0))
        assert await _until(lambda: bool(accepted))
        await _close(pair.stream.aclose)
        accepted[0].close()
        server.close()

    @tries_again
    async def test_a_stream_closes_while_it_drains_to_a_mute_service(
        self, open_pair: Any, audio: Any, mute: Any
    ) -> None:
        accepted, endpoint = mute
        accepted.clear()
        pair = await open_pair(speech_endpoint=endpoint)
        pair.push(audio.burst(1.0))
        pair.stream.end_input()
        assert await _until(lambda: bool(accepted))
        await _close(pair.stream.aclose)


class TestRefusedConnection:
    @tries_again
    async def test_a_stream_closes_between_two_attempts(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair()
        await pair.emulator.aclose()
        await _close(pair.stream.aclose)
        pair.stream = pair.stt.stream(conn_options=APIConnectOptions(timeout=1.0))
        pair.push(audio.burst(1.0))
        assert await _until(lambda: bool(pair.errors))
        await _close(pair.stream.aclose)


class TestSession:
    @tries_again
    async def test_a_session_closes_amid_a_voice(self, enter_room: Any, audio: Any) -> None:
        room = await enter_room(_long(audio))
        room.microphone.speak(audio.speech(_SPEECH, end=1.5))
        await room.speaker.until_begun(1)
        await _close(room.session.aclose)


class TestProcess:
    @pytest.mark.timeout(180 + 20 * _PROCESSES)
    @pytest.mark.slow
    async def test_a_process_ends_by_itself_and_prints_nothing_but_warnings(self) -> None:
        numbers = range(_PROCESSES)
        firsts = [2 * number + number // 5 for number in numbers]
        ended = await _run_processes("closing_process.py", firsts)
        assert [(number, code) for number, (code, _) in zip(numbers, ended, strict=True) if code] == [], ended
        said = [line for _, errors in ended for line in errors.splitlines()]
        assert [line for line in said if not line.startswith("WARNING ")] == []

    @pytest.mark.timeout(180 + 20 * _PROCESSES)
    @pytest.mark.slow
    async def test_a_process_lives_on_when_connections_close_as_their_turns_begin(self) -> None:
        # One at a time: the SDK's threads meet when each has a core.
        ended = await _run_processes(
            "turning_process.py", [16 * min(_PROCESSES, 5)] * -(-_PROCESSES // 5), at_once=1
        )
        assert [code for code, _ in ended if code] == [], ended


async def _run_processes(
    script: str, arguments: list[int], *, at_once: int = _AT_ONCE
) -> list[tuple[int, str]]:
    """How each of the processes ended, and what it said."""
    turns = asyncio.Semaphore(at_once)
    here, path = Path(__file__), os.environ.get("PYTHONPATH", "")

    async def run(argument: int) -> tuple[int, str]:
        async with turns:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(here.with_name(script)),
                str(argument),
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parents[1]), path])},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            try:
                _, errors = await within(process.communicate(), LONG_LIMIT_SECONDS)
            except asyncio.TimeoutError:
                process.kill()
                _, errors = await process.communicate()
        return process.returncode or 0, errors.decode()

    return await asyncio.gather(*map(run, arguments))


async def _all(stream: Any) -> None:
    async for _ in stream:
        pass
