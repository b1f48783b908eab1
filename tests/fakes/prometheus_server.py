"""A real Prometheus with the settings of deploy/, which scrapes processes of this machine."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from .limits import LIMIT_SECONDS, LONG_LIMIT_SECONDS, within
from .worker_process import ROOT

FOLDER = ROOT / "deploy" / "prometheus"


def program(name: str) -> str:
    """The path of "prometheus" or "promtool"; without it, the test is skipped."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"there is no {name} on PATH: install Debian's package prometheus")
    return path


class Prometheus:
    """A process that scrapes each second.

    Args:
        folder: Where it keeps its settings and its data.
        command: Its options, as a container has them.
        jobs: The address of each job, e.g. {"worker": "127.0.0.1:9464"}.
    """

    def __init__(self, folder: Path, command: Sequence[str], jobs: Mapping[str, str]) -> None:
        self._program = program("prometheus")
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._url = f"http://127.0.0.1:{_free_port()}"
        settings = folder / "etc"
        shutil.copytree(FOLDER, settings)
        config = yaml.safe_load((settings / "prometheus.yaml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        for job in config["scrape_configs"]:
            job.pop("dns_sd_configs", None)
            job["static_configs"] = [{"targets": [jobs[job["job_name"]]]}]
        (settings / "prometheus.yaml").write_text(json.dumps(config))  # JSON is YAML
        here = {"/etc/prometheus": str(settings), "=/prometheus": f"={folder / 'data'}"}
        self._options = [_replaced(option, here) for option in command]

    async def start(self) -> None:
        listen = f"--web.listen-address={self._url.removeprefix('http://')}"
        self._process = await asyncio.create_subprocess_exec(
            self._program, *self._options, listen, cwd=self._folder, stderr=asyncio.subprocess.DEVNULL
        )
        ends_at = time.monotonic() + LIMIT_SECONDS
        while not await asyncio.to_thread(self._is_ready):
            assert self._process.returncode is None, "prometheus does not start"
            assert time.monotonic() < ends_at, "prometheus does not answer"
            await asyncio.sleep(0.05)

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """What it says now: each series with its `metric` and its `value`."""
        return list((await self.get("query", query=expression))["result"])

    async def until(self, expression: str) -> list[dict[str, Any]]:
        """Wait until an expression has a result."""

        async def wait() -> list[dict[str, Any]]:
            while not (found := await self.query(expression)):  # noqa: ASYNC110 - a process is asked
                await asyncio.sleep(0.2)
            return found

        try:
            return await within(wait(), LONG_LIMIT_SECONDS)
        except asyncio.TimeoutError as error:
            raise TimeoutError(f"Prometheus has no result of {expression}") from error

    async def get(self, name: str, **arguments: str) -> Any:
        """The data of an answer of its API.

        Raises:
            ValueError: It refuses the request; the message is its own.
        """
        path = f"/api/v1/{name}?{urllib.parse.urlencode(arguments)}"
        answer = json.loads(await asyncio.to_thread(self._ask, path))
        if answer["status"] != "success":
            raise ValueError(answer["error"])
        return answer["data"]

    async def aclose(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await within(self._process.wait())

    def _is_ready(self) -> bool:
        try:
            self._ask("/-/ready")
        except OSError:
            return False
        return True

    def _ask(self, path: str) -> bytes:
        try:
            with urllib.request.urlopen(self._url + path, timeout=LIMIT_SECONDS) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            if path.startswith("/api/"):
                return error.read()
            raise


def _replaced(text: str, pieces: Mapping[str, str]) -> str:
    for old, new in pieces.items():
        text = text.replace(old, new)
    return text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
