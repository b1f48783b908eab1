"""Participants in a room of a real LiveKit server, with an emulator of Azure Speech beside it.

Without a server these tests are skipped (`server.MISSING` says how to get one).
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes.limits import within
from fakes.redis_server import RedisServer
from livekit.rtc._ffi_client import FfiClient

from .participant import Participant
from .server import MISSING, OwnServer, Server, find_server
from .stalls import Stalls


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Not in the fixture: pytest would tell the reason once for each test.
    if "server" in getattr(item, "fixturenames", ()) and find_server() is None:
        pytest.skip(MISSING)


@pytest.fixture(scope="session")
def livekit_threads() -> Iterator[None]:
    """LiveKit's native threads, stopped after the last test.

    LiveKit stops them as the interpreter ends; one that calls into Python just then aborts the process.
    """
    yield
    FfiClient.instance._dispose()


@pytest.fixture(scope="session")
def server(livekit_threads: None) -> Iterator[Server]:
    found = find_server()
    assert found is not None
    if isinstance(found, Server):
        yield found
        return
    own = OwnServer(found)
    yield own
    own.kill()


@pytest.fixture
def own_server(server: Server) -> OwnServer:
    """A server that a test may kill."""
    if not isinstance(server, OwnServer):
        pytest.skip("LIVEKIT_URL names a server that is not ours to kill: unset it")
    return server


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        redis_server = RedisServer(Path(folder))
        redis_server.start()
        yield redis_server
        redis_server.kill()


class Meeting:
    """A room of its own on the server, and who is in it."""

    def __init__(self, server: Server) -> None:
        self.name = f"meeting-{uuid.uuid4().hex[:8]}"
        self._server, self._stalls = server, Stalls()
        self._people: list[Participant] = []

    async def join(
        self,
        identity: str,
        attributes: Mapping[str, str] | None = None,
        *,
        microphone: bool = False,
        deaf: bool = False,
        **grants: Any,
    ) -> Participant:
        """Somebody joins; `grants` are LiveKit's, such as `hidden`, and their kind, such as "agent"."""
        participant = Participant(self._server, identity, self._stalls, deaf=deaf)
        self._people.append(participant)
        await participant.join(self.name, attributes, **grants)
        if microphone:
            await participant.publish()
        return participant

    async def restart(self, server: OwnServer) -> None:
        """The server crashes and is started again; wait until everybody hears what they heard before."""
        before = {person: len(person.tracks) for person in self._people}
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

        def back(person: Participant) -> bool:
            tracks = person.tracks
            heard_again = set(tracks[: before[person]]) <= set(tracks[before[person] :])
            return heard_again and person.events[-1:] == ["reconnected"]

        for person in self._people:
            await person.until(lambda person=person: back(person))

    async def aclose(self) -> None:
        await asyncio.gather(*(within(person.aclose()) for person in self._people))
        await self._stalls.aclose()


@pytest.fixture
async def meeting(server: Server) -> AsyncIterator[Meeting]:
    meeting = Meeting(server)
    yield meeting
    await meeting.aclose()


@pytest.fixture
async def closing() -> AsyncIterator[Callable[[Callable[[], Awaitable[object]]], None]]:
    """Register what is to be closed before the participants leave, last one first."""
    async with contextlib.AsyncExitStack() as stack:
        yield lambda close: stack.push_async_callback(lambda: within(close()))
