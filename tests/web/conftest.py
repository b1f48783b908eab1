"""The page and the endpoint on a socket of loopback, with a LiveKit server that is a fake."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from fakes.livekit_api import KEY, SECRET, FakeLiveKit

from livekit_plugins_azure_interpreter.record import Record
from livekit_plugins_azure_interpreter.web import (
    Admission,
    LiveKit,
    Meeting,
    OpenAdmission,
    Reach,
    create_app,
)

from .serving import Site


class Clock:
    """The time of the endpoint, which begins with that of LiveKit's tokens."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def livekit() -> AsyncIterator[FakeLiveKit]:
    async with FakeLiveKit() as livekit:
        yield livekit


@pytest.fixture
async def serve(livekit: FakeLiveKit, clock: Clock) -> AsyncIterator[Callable[..., Any]]:
    """Serve a meeting."""
    clients: list[TestClient[Any, Any]] = []

    async def start(
        admission: Admission | None = None,
        meeting: Meeting | None = None,
        reach: Reach | None = None,
        record: Record | None = None,
    ) -> Site:
        app = create_app(
            LiveKit(livekit.url, KEY, SECRET),
            admission or OpenAdmission(),
            meeting=meeting,
            reach=reach,
            record=record,
            now=clock,
        )
        client = TestClient(TestServer(app))
        clients.append(client)
        await client.start_server()
        return Site(client)

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def site(serve: Callable[..., Any]) -> Site:
    """An open meeting."""
    site: Site = await serve()
    return site
