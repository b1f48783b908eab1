"""The command that starts a whole meeting, as a newcomer runs it: one process, with nothing set."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import psutil
import pytest
from aiohttp import ClientSession
from fakes.limits import LONG_LIMIT_SECONDS, within

from .participant import Participant
from .server import MISSING, OwnServer, Server, find_server
from .speech import sentences, silence
from .stalls import Stalls

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="a console is needed to send Ctrl-C there"),
]
_MODULE = "livekit_plugins_azure_interpreter.web"
_THEIRS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "AZURE_SPEECH_KEY", "MEETING_PASSWORD")


class Command:
    """The command, with all processes that it has started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    @classmethod
    async def start(cls, *arguments: str, **environment: str) -> Command:
        inherited = {name: value for name, value in os.environ.items() if name not in _THEIRS}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", _MODULE, "--port", "0", *arguments),
            env={**inherited, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(process)

    async def until_written(self, pattern: str) -> str:
        """Wait for a line; what the pattern's group has matched."""

        async def wait() -> str:
            assert self._process.stdout is not None
            async for line in self._process.stdout:
                self.lines.append(line.decode().rstrip())
                if found := re.search(pattern, self.lines[-1]):
                    return found[1]
            raise AssertionError("\n".join(self.lines))

        return await within(wait(), LONG_LIMIT_SECONDS)

    def processes(self) -> list[psutil.Process]:
        """All that it has started, and what those have."""
        return psutil.Process(self._process.pid).children(recursive=True)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def until_ended(self) -> int:
        out, _ = await within(self._process.communicate(), LONG_LIMIT_SECONDS)
        self.lines += out.decode().splitlines()
        code = self._process.returncode
        assert code is not None
        return code

    async def aclose(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self.until_ended()


async def until_gone(processes: list[psutil.Process]) -> list[str]:
    """Wait for their end; those that are left."""
    _, left = await asyncio.to_thread(psutil.wait_procs, processes, 20)
    return [
        " ".join(one.cmdline()) for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    ]


@pytest.fixture
async def run() -> AsyncIterator[Callable[..., Any]]:
    commands: list[Command] = []
    if not isinstance(found := find_server(), str):
        pytest.skip(MISSING if found is None else "LIVEKIT_URL is set: the command would use that server")

    async def start(*arguments: str, **environment: str) -> Command:
        commands.append(await Command.start(*arguments, **environment))
        return commands[-1]

    yield start
    for command in commands:
        await command.aclose()


class _Page(Server):
    """Gives the token that the page has got."""

    def __init__(self, answer: Any) -> None:
        super().__init__(answer["server_url"], "", "")
        self._token = answer["participant_token"]

    def token(self, *_: object, **__: object) -> str:
        return str(self._token)


async def _join(url: str, name: str, language: str, stalls: Stalls) -> Participant:
    fields = {"participant_name": name, "participant_attributes": {"language": language}}
    async with ClientSession() as session, session.post(f"{url}api/token", json=fields) as answer:
        assert answer.status == 201
        body = await answer.json()
    somebody = Participant(_Page(body), name, stalls)
    await somebody.join(body["room_name"])
    somebody.identity = somebody.room.local_participant.identity
    await somebody.publish()
    return somebody


async def test_two_people_hear_each_others_interpretation_until_ctrl_c_ends_all(
    run: Any, livekit_threads: None, closing: Any
) -> None:
    command = await run()
    url = await command.until_written(r"The meeting is at (http://127\.0\.0\.1:\d+/)")
    stalls = Stalls()
    closing(stalls.aclose)
    people = [await _join(url, name, language, stalls) for name, language in (("Ann", "en"), ("Zoé", "fr"))]
    for somebody in people:
        closing(somebody.aclose)
    ann, zoe = people
    for speaker, listener, language in ((ann, zoe, "fr"), (zoe, ann, "en")):
        ear = await listener.ear(f"{speaker.identity}-{language}")
        await speaker.say(sentences()[1] + silence(1.5))
        await listener.until(lambda ear=ear: ear.loud_seconds >= 0.5)
    started = command.processes()
    assert len(started) >= 4
    command.signal(signal.SIGINT)
    assert await command.until_ended() == 0, command.lines
    assert await until_gone(started) == []


async def test_ctrl_c_while_it_starts_ends_what_was_started(run: Any) -> None:
    command = await run()
    await command.until_written("(Starting the interpreter)")
    started = command.processes()
    command.signal(signal.SIGINT)
    assert await command.until_ended() == 0, command.lines
    assert await until_gone(started) == []


@pytest.mark.parametrize("victim", ["livekit-server", "web.worker"])
async def test_one_that_dies_ends_the_others_and_is_said(run: Any, victim: str) -> None:
    command = await run()
    await command.until_written(r"(The meeting is at)")
    started = command.processes()
    next(one for one in started if any(victim in word for word in one.cmdline())).kill()
    assert await command.until_ended() == 1
    assert any(" has ended. The last that it wrote:" in line for line in command.lines), command.lines
    assert await until_gone(started) == []


async def test_a_command_that_is_killed_leaves_nothing_behind(run: Any) -> None:
    command = await run()
    await command.until_written(r"(The meeting is at)")
    started = command.processes()
    command.signal(signal.SIGKILL)
    await command.until_ended()
    assert await until_gone(started) == []


async def test_the_server_and_azures_key_of_the_variables_are_used(run: Any) -> None:
    binary = find_server()
    assert isinstance(binary, str)
    server = OwnServer(binary)
    try:
        azure = {"AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_REGION": "westeurope"}
        command = await run(**server.environment, **azure)
        url = await command.until_written(r"The meeting is at (\S+)")
        async with ClientSession() as session, session.get(f"{url}api/meeting") as answer:
            assert not (await answer.json())["is_emulated"]
        programs = [" ".join(one.cmdline()) for one in command.processes()]
        assert not [one for one in programs if "emulator" in one or "livekit-server" in one]
        command.signal(signal.SIGTERM)
        assert await command.until_ended() == 0
    finally:
        server.kill()
