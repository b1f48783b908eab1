"""A real Redis server of the test's own, which can be killed, and started again with what it had written."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from .limits import LIMIT_SECONDS


class RedisServer:
    """Debian's redis-server on a Unix socket; by default, each write is on the disk before it is confirmed.

    Args:
        folder: Where it keeps its data. It has a short path, as the path of a socket must.
        fsync: Its setting `appendfsync`.
    """

    def __init__(self, folder: Path, *, fsync: str = "always") -> None:
        self._folder, self._fsync = folder, fsync
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("there is no redis-server on PATH: install Debian's package redis-server")
        durable = ["--appendonly", "yes", "--appendfsync", self._fsync, "--save", ""]
        where = ["--dir", str(self._folder), "--unixsocket", str(self._socket), "--port", "0"]
        self._process = subprocess.Popen([program, *durable, *where], stdout=subprocess.DEVNULL)
        ends_at = time.monotonic() + LIMIT_SECONDS
        while not self._answers():
            assert time.monotonic() < ends_at, "redis-server does not start"
            time.sleep(0.01)

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(LIMIT_SECONDS)
            self._process = None

    def forget(self) -> None:
        """The next start is that of a new server, without any data."""
        shutil.rmtree(self._folder / "appendonlydir")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(LIMIT_SECONDS)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(5) == b"+PONG"
            except OSError:
                return False
