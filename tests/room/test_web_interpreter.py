"""The web worker is brought to a room by the first token, and again by the page when it is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from fakes.limits import LONG_LIMIT_SECONDS, within
from fakes.worker_process import WorkerProcess
from livekit import rtc

from livekit_plugins_azure_interpreter.emulator import Emulator
from livekit_plugins_azure_interpreter.web import LiveKit, Meeting, OpenAdmission, create_app

from .server import Server

_WORKER = ["-m", "livekit_plugins_azure_interpreter.web.worker"]


@pytest.fixture
async def azure() -> AsyncIterator[dict[str, str]]:
    async with Emulator() as emulator:
        yield {"AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_ENDPOINT": emulator.endpoint}


class _Clock:
    """The endpoint's time, which a test sets forward."""

    ahead_seconds = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_seconds


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
async def client(server: Server, meeting: Any, clock: _Clock) -> AsyncIterator[Any]:
    access = LiveKit(server.url, server.key, server.secret)
    app = create_app(access, OpenAdmission(), meeting=Meeting(meeting.name), now=clock)
    site = TestServer(app)
    await site.start_server()
    async with ClientSession(str(site.make_url("/"))) as session:
        yield session
    await site.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_an_interpreter_that_nobody_took_is_asked_for_again_by_the_page(
    server: Server, client: Any, clock: _Clock, closing: Any
) -> None:
    guest, token = await _guest(server, client, closing)
    assert not await _dispatched(client, token)  # the token has asked for one
    clock.ahead_seconds = 20.0
    assert await _dispatched(client, token)
    assert _ready(guest) == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_an_interpreter_that_was_killed_is_brought_back_by_the_next_worker(
    server: Server, client: Any, azure: dict[str, str], closing: Any
) -> None:
    environment = {**server.environment, **azure}
    first = await WorkerProcess.start(_WORKER, environment)
    closing(first.aclose)
    await first.until_logged("registered worker")
    guest, token = await _guest(server, client, closing)
    await _until(lambda: _ready(guest) == 1)
    assert not await _dispatched(client, token)
    before = set(guest.remote_participants)

    await first.kill_with_jobs()
    second = await WorkerProcess.start(_WORKER, environment)
    closing(second.aclose)
    await _until(lambda: _ready(guest) == 1 and before.isdisjoint(guest.remote_participants))
    assert not await _dispatched(client, token)


async def _guest(server: Server, client: Any, closing: Any) -> tuple[rtc.Room, str]:
    """Somebody in the meeting who wants a language, and their token."""
    asked = {"participant_attributes": {"language": "fr"}}
    async with client.post("/api/token", json=asked) as answer:
        token = (await answer.json())["participant_token"]
    guest = rtc.Room()
    closing(guest.disconnect)
    await within(guest.connect(server.url, token))
    return guest, token


def _ready(room: rtc.Room) -> int:
    agents = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    people = room.remote_participants.values()
    return sum(one.kind == agents and one.attributes.get("interpreter") == "ready" for one in people)


async def _dispatched(client: Any, token: str) -> bool:
    async with client.post("/api/interpreter", headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 202
        return bool((await answer.json())["dispatched"])


async def _until(condition: Any) -> None:
    async def wait() -> None:
        while not condition():  # noqa: ASYNC110 - a room is asked
            await asyncio.sleep(0.1)

    await within(wait(), LONG_LIMIT_SECONDS)
