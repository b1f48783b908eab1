"""A worker as a process: its log, its health endpoint, its metrics and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

import aiohttp
import psutil
from prometheus_client.parser import text_string_to_metric_families

from .limits import LIMIT_SECONDS, LONG_LIMIT_SECONDS, within

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DEPLOYED = ROOT / "deploy" / "worker.py"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
HEALTH_CHECK: list[str] = json.loads(
    next(line for line in DOCKERFILE.read_text().splitlines() if line.startswith("    CMD ["))[8:]
)
"""The command of its HEALTHCHECK."""


class WorkerProcess:
    """A command that starts a worker, with ports of its own.

    Attributes:
        log: The messages that it has logged.
    """

    def __init__(self, process: asyncio.subprocess.Process, health_port: int, metrics_port: int) -> None:
        self._process = process
        self._health_port, self._metrics_port = health_port, metrics_port
        self.log: list[str] = []
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, command: Sequence[str | Path], environment: Mapping[str, str]) -> WorkerProcess:
        """Start `python COMMAND`."""
        health_port, metrics_port = _free_port(), _free_port()
        ports = {"HEALTH_PORT": str(health_port), "METRICS_PORT": str(metrics_port)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, command),
            env={**os.environ, **ports, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(process, health_port, metrics_port)

    @property
    def metrics_address(self) -> str:
        """The host and the port of its metrics."""
        return f"127.0.0.1:{self._metrics_port}"

    async def until_logged(self, words: str, *, times: int = 1) -> None:
        """Wait for a message that begins with these words, or for so many."""

        async def wait() -> None:
            while sum(line.startswith(words) for line in self.log) < times:
                assert not self._reading.done(), "\n".join(self.log)
                self._changed.clear()
                await self._changed.wait()

        try:
            await within(wait(), LONG_LIMIT_SECONDS)
        except asyncio.TimeoutError as error:
            raise TimeoutError("\n".join([f"{words!r} was not logged.", *self.log])) from error

    async def health(self, path: str = "/") -> tuple[int, str]:
        await self.until_logged("HTTP server listening")
        return await _get(f"http://127.0.0.1:{self._health_port}{path}")

    async def image_health(self) -> int:
        """The exit code of the image's health check."""
        await self.until_logged("HTTP server listening")
        environment = {**os.environ, "HEALTH_PORT": str(self._health_port)}
        check = await asyncio.create_subprocess_exec(
            sys.executable, *HEALTH_CHECK[1:], env=environment, stderr=asyncio.subprocess.DEVNULL
        )
        return await within(check.wait(), LONG_LIMIT_SECONDS)

    async def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Each sample by its name and labels; those of its machine and processes are left out.

        While a process begins to write its file, the worker cannot read it and answers 500: Prometheus
        scrapes again, and so does this.
        """
        await self.until_logged("Prometheus metrics exposed")

        async def scrape() -> str:
            while True:
                status, text = await _get(f"http://127.0.0.1:{self._metrics_port}/metrics")
                if status == HTTPStatus.OK:
                    return text
                await asyncio.sleep(0.1)

        text = await within(scrape(), LIMIT_SECONDS)
        return {
            (sample.name, frozenset(sample.labels.items() - _own(sample.labels))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def metric(self, name: str, **labels: str) -> float:
        """0 while it is not there."""
        return (await self.metrics()).get((name, frozenset(labels.items())), 0.0)

    async def until_metric(self, name: str, value: float, **labels: str) -> None:
        """Wait until it is at least that."""

        async def wait() -> None:
            while await self.metric(name, **labels) < value:  # noqa: ASYNC110 - a process is asked
                await asyncio.sleep(0.1)

        try:
            await within(wait(), LONG_LIMIT_SECONDS)
        except asyncio.TimeoutError as error:
            raise TimeoutError("\n".join([f"{name} is less than {value}.", *self.log])) from error

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def until_ended(self) -> int:
        """Wait for its exit code."""
        await within(self._reading, LONG_LIMIT_SECONDS)
        return await self._process.wait()

    async def kill_with_jobs(self) -> None:
        """End it at once with the processes of its jobs, as a crash of the machine does.

        Jobs outlive a worker that is killed alone.
        """
        worker = psutil.Process(self._process.pid)
        for process in (worker, *worker.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                process.kill()
        await self.until_ended()

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def aclose(self) -> None:
        if self.running:
            self._process.kill()
        await self.until_ended()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            try:
                self.log.append(json.loads(line)["message"])
            except (ValueError, TypeError, KeyError):
                # With `--dev` it is for people: the time, who logs, and the message.
                self.log.append(line.decode(errors="replace").rstrip().split(" - ", 2)[-1])
            self._changed.set()
        self._changed.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _own(labels: Mapping[str, str]) -> set[tuple[str, str]]:
    return {item for item in labels.items() if item[0] in ("nodename", "pid")}


async def _get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()
