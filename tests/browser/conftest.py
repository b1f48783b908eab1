"""People who meet in real browsers, on a real LiveKit server, with the emulator of Azure Speech beside it.

What is missing is told in one line, and the tests are skipped. BROWSER_SCREENSHOTS names a folder for
pictures of the pages; without it they are kept where pytest keeps its temporary files.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fakes.limits import within
from fakes.worker_process import WorkerProcess
from room.server import MISSING as NO_SERVER
from room.server import OwnServer, find_server

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator

from . import speech
from .booth import Booth, gather_guests
from .chromium import MISSING as NO_CHROMIUM
from .chromium import find_chromium
from .people import Browsers, People
from .site import Site

HERE = Path(__file__).parent
WORKER = HERE / "timed_worker.py"
_CLOSE_SECONDS = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Browsers, the worker and the server serve all of these tests: one loop has them.
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    names = getattr(item, "fixturenames", ())
    if {"server", "interpreted_server"} & {*names} and find_server() is None:
        pytest.skip(NO_SERVER)
    if "chromium" in names and find_chromium() is None:
        pytest.skip(NO_CHROMIUM)


@pytest.fixture(scope="session")
def server() -> Iterator[OwnServer]:
    """A LiveKit server without a worker: a test is the interpreter, or starts a worker of its own."""
    yield from _own_server()


@pytest.fixture(scope="session")
def interpreted_server() -> Iterator[OwnServer]:
    """The LiveKit server of `worker`."""
    yield from _own_server()


def _own_server() -> Iterator[OwnServer]:
    found = find_server()
    if not isinstance(found, str):
        pytest.skip("LIVEKIT_URL names a server that is not ours to kill: unset it")
    server = OwnServer(found)
    yield server
    server.kill()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def emulator() -> AsyncIterator[Emulator]:
    """Long silences: a busy machine makes gaps in the sound of WebRTC."""
    async with Emulator(Behaviour(script=speech.script(), silence_ms=700)) as emulator:
        yield emulator


async def start_worker(server: OwnServer, emulator: Emulator) -> WorkerProcess:
    environment = {
        **server.environment,
        "AZURE_SPEECH_KEY": "any",
        "AZURE_SPEECH_ENDPOINT": emulator.endpoint,
    }
    worker = await WorkerProcess.start(["-m", "livekit.agents", "start", WORKER], environment)
    await worker.until_logged("registered worker")
    return worker


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def worker(interpreted_server: Any, emulator: Any) -> AsyncIterator[WorkerProcess]:
    """The worker of all interpreted sites; a test that kills one has its own."""
    worker = await start_worker(interpreted_server, emulator)
    yield worker
    await worker.kill_with_jobs()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browsers]:
    async with Browsers.started(tmp_path_factory.mktemp("speech")) as browsers:
        yield browsers


@pytest_asyncio.fixture(loop_scope="session")
async def site(server: Any) -> AsyncIterator[Site]:
    site = Site(server)
    await site.start()
    yield site
    await within(site.aclose(), _CLOSE_SECONDS)


@pytest_asyncio.fixture(loop_scope="session")
async def interpreted_site(interpreted_server: Any, worker: Any) -> AsyncIterator[Site]:
    """A site whose meetings `worker` interprets."""
    site = Site(interpreted_server)
    await site.start()
    yield site
    await within(site.aclose(), _CLOSE_SECONDS)


@pytest_asyncio.fixture(loop_scope="session")
async def people(chromium: Any, pictures: Any) -> AsyncIterator[People]:
    """Opens pages; at the end of a test they are pictured, and must have had no problems."""
    people = People(chromium)
    yield people
    await people.picture(pictures)
    await people.aclose()


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Path]:
    """Where a picture of a name is kept."""
    folder = Path(os.environ.get("BROWSER_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    test = re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).strip("_")
    return lambda name: folder / f"{test}-{name}.png"


@pytest_asyncio.fixture(loop_scope="session")
async def booth(server: Any, site: Any) -> AsyncIterator[Booth]:
    """An interpreter that does what a test wants."""
    booth = Booth(server, site.room)
    await booth.join(interpreter="ready")
    yield booth
    await booth.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def guests(server: Any, site: Any) -> AsyncIterator[None]:
    """Others in the meeting, with identities that tests know."""
    async for _ in gather_guests(server, site.room):
        yield
