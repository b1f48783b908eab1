"""The Dockerfile of the emulator: what it copies runs as it says, without LiveKit and the Azure SDK."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from architecture import Architecture
from fakes.limits import LONG_LIMIT_SECONDS, within

pytestmark = pytest.mark.native

_ROOT = Path(__file__).parents[2]
_DOCKERFILE = _ROOT / "deploy" / "emulator" / "Dockerfile"
_INSTRUCTIONS = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", _DOCKERFILE.read_text())).splitlines()
_PORT = "8765"
_WITHOUT = "import sys; sys.modules.update(dict.fromkeys(['livekit', 'azure'], None))"


def _arguments(instruction: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in _INSTRUCTIONS if line.startswith(f"{instruction} ")]


def _command(instruction: str) -> list[str]:
    """The JSON at the end of an instruction, for the Python of the tests."""
    (arguments,) = _arguments(instruction)
    program, *options = json.loads(arguments[arguments.index("[") :])
    assert program == "python"
    return [sys.executable, *options]


class Container:
    """The processes of the image, without the image.

    Args:
        folder: What its root directory would be.
    """

    def __init__(self, folder: Path) -> None:
        (python_path,) = re.findall(r"PYTHONPATH=(\S+)", " ".join(_arguments("ENV")))
        self._python_path = str(folder) + python_path
        self._entry: asyncio.subprocess.Process | None = None
        for arguments in _arguments("COPY"):
            source, target = arguments.split()
            shutil.copytree(_ROOT / source, str(folder) + target)
        for name in re.findall(r"touch (\S+)", " ".join(_arguments("RUN"))):
            Path(str(folder) + name).touch()
        Path(self._python_path, "sitecustomize.py").write_text(_WITHOUT)

    async def start(self, *options: str) -> str:
        """Run the entry point; the endpoint that it prints."""
        pipe = asyncio.subprocess.PIPE
        self._entry = await self._execute(*_command("ENTRYPOINT"), *options, stdout=pipe)
        assert self._entry.stdout is not None
        line = (await within(self._entry.stdout.readline(), LONG_LIMIT_SECONDS)).decode()
        return next(word for word in line.split() if word.startswith("ws://"))

    async def is_healthy(self, port: str) -> bool:
        check = [argument.replace(_PORT, port) for argument in _command("HEALTHCHECK")]
        process = await self._execute(*check, stderr=asyncio.subprocess.DEVNULL)
        return await within(process.wait(), LONG_LIMIT_SECONDS) == 0

    async def stop(self) -> int:
        """End it as `docker stop` does; its exit code."""
        assert self._entry is not None
        if self._entry.returncode is None:
            self._entry.terminate()
        return await within(self._entry.wait(), LONG_LIMIT_SECONDS)

    async def _execute(self, *command: str, **streams: int) -> asyncio.subprocess.Process:
        # Elsewhere, `python -m` would find the package of the working directory.
        env, folder = {**os.environ, "PYTHONPATH": self._python_path}, self._python_path
        return await asyncio.create_subprocess_exec(*command, cwd=folder, env=env, **streams)


@pytest.fixture
async def container(tmp_path: Path) -> AsyncIterator[Container]:
    container = Container(tmp_path)
    yield container
    await container.stop()


async def test_the_image_serves_without_livekit_and_the_azure_sdk_until_it_is_stopped(
    container: Container,
) -> None:
    endpoint = await container.start("--port", "0")
    async with aiohttp.ClientSession() as http, http.ws_connect(endpoint):
        pass
    port = endpoint.split(":")[2].partition("/")[0]
    assert await container.is_healthy(port)
    assert await container.stop() == 0
    assert not await container.is_healthy(port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has further addresses of loopback")
async def test_other_containers_reach_it_as_the_page_says(container: Container, tmp_path: Path) -> None:
    page = (_ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    command: (.*)$", page, re.MULTILINE)
    script = tmp_path / "script.json"
    script.write_text('{"lines": []}')
    options = [str(script) if option == "/script.json" else option for option in json.loads(command)]
    endpoint = await container.start("--port", "0", *options)
    elsewhere = endpoint.replace("127.0.0.1", "127.0.0.2")
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(elsewhere, headers={"Host": "speech:8765"}):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await http.ws_connect(elsewhere, headers={"Host": "other:8765"})


def test_the_image_installs_what_the_emulator_imports() -> None:
    emulator = Architecture.read(_ROOT / "livekit_plugins_azure_interpreter" / "emulator")
    imported = {name.partition(".")[0] for foreign in emulator.foreign.values() for name in foreign}
    installed = re.findall(r'"([\w-]+)>=', " ".join(_arguments("RUN")))
    assert set() < imported - sys.stdlib_module_names <= set(installed)


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    (user,) = _arguments("USER")
    assert int(user) > 0


def test_the_copied_folders_are_not_ignored() -> None:
    ignore = (_ROOT / ".dockerignore").read_text().splitlines()
    assert all(f"!{arguments.partition('/')[0]}" in ignore for arguments in _arguments("COPY"))
