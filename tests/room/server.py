"""A LiveKit server for tests: one that runs already, or a process of our own on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import timedelta

from livekit import api

from livekit_plugins_azure_interpreter.web.livekit_server import (
    HOST,
    WHERE_TO_GET_ONE,
    find_livekit_server,
    loopback_configuration,
)

MISSING = f"no LiveKit server: {WHERE_TO_GET_ONE}"

_KEY, _SECRET = "devkey", "a secret of a server that only this machine can reach"
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
_TRIES = 3
"""Another process may take a port between our finding it free and the server's taking it."""


class Server:
    """Where a LiveKit server is, and how to be let in."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        self.url, self.key, self.secret = url, key, secret

    @property
    def environment(self) -> dict[str, str]:
        """The variables under which LiveKit's programs find it."""
        return {"LIVEKIT_URL": self.url, "LIVEKIT_API_KEY": self.key, "LIVEKIT_API_SECRET": self.secret}

    def token(
        self,
        identity: str,
        room: str,
        attributes: Mapping[str, str] | None = None,
        *,
        kind: str = "standard",
        **grants_given: bool,
    ) -> str:
        """One that lets somebody in; they may be of another kind, and have other grants, such as `hidden`."""
        grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True, **grants_given)
        token = api.AccessToken(self.key, self.secret).with_identity(identity).with_grants(grants)
        return (
            token.with_attributes(dict(attributes or {}))
            .with_kind(kind)
            .with_ttl(timedelta(minutes=10))
            .to_jwt()
        )


class OwnServer(Server):
    """A `livekit-server` process on ports of its own; nothing of it leaves this machine.

    Raises:
        RuntimeError: It does not start; the message has the end of its log.
    """

    def __init__(self, binary: str) -> None:
        super().__init__("", _KEY, _SECRET)
        self._binary = binary
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the server may be started again
        self._process: subprocess.Popen[bytes] | None = None
        for attempt in range(1, _TRIES + 1):
            self._port, self._udp_port = _free_port(socket.SOCK_STREAM), _free_port(socket.SOCK_DGRAM)
            self.url = f"ws://{HOST}:{self._port}"
            try:
                self.start()
                return
            except RuntimeError:
                if attempt == _TRIES:
                    raise

    def start(self) -> None:
        ports = {"port": self._port, "udp_port": self._udp_port}
        config = loopback_configuration(**ports, key=self.key, secret=self.secret)
        command = [self._binary, "--dev", "--config-body", json.dumps(config)]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        try:
            self._wait_until_it_answers(self._process)
        except RuntimeError:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """Of its process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://{HOST}:{self._port}", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        self._log.seek(0)
        raise RuntimeError(f"{self._binary} does not start: {self._log.read()[-1000:].decode()}")


def find_server(environment: Mapping[str, str] = os.environ) -> Server | str | None:
    """A server that runs, the path of a binary to start, or None.

    Raises:
        ValueError: The environment names a server only in part, or a binary that is not there.
    """
    names = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
    if environment.get("LIVEKIT_URL"):
        if missing := [name for name in names if not environment.get(name)]:
            raise ValueError(f"LIVEKIT_URL is set, but not {' and '.join(missing)}")
        return Server(*(environment[name] for name in names))
    return find_livekit_server(environment)


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
