"""Starts what a meeting needs and this machine does not have yet."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from .children import Child, Children
from .endpoint import LiveKit
from .livekit_server import HOST, WHERE_TO_GET_ONE, find_livekit_server, loopback_configuration

_PACKAGE = __name__.partition(".")[0]
_KEY = "local"
_START_SECONDS = 30.0
_WORKER_SECONDS = 120.0
"""It imports LiveKit and the Azure SDK, which a busy machine takes long for."""
_PORTS_TRIED = 3
"""Another process may take a port between our finding it free and the server's taking it."""

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Needs:
    """What must be started.

    Attributes:
        livekit: The server that runs; None if one must be started.
        binary: The program of a LiveKit server, if one must be started.
        is_emulated: Whether the emulator stands in for Azure.
    """

    livekit: LiveKit | None
    binary: str
    is_emulated: bool

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Needs:
        """What these variables leave to be started.

        Args:
            environment: The variables.

        Raises:
            ValueError: They name a LiveKit server only in part, or there is none and no program of one.
        """
        is_emulated = not environment.get("AZURE_SPEECH_KEY")
        names = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
        if environment.get("LIVEKIT_URL"):
            if missing := [name for name in names if not environment.get(name)]:
                raise ValueError(f"LIVEKIT_URL is set, but not {' and '.join(missing)}")
            return cls(LiveKit(*(environment[name] for name in names)), "", is_emulated)
        binary = find_livekit_server(environment)
        if binary is None:
            raise ValueError(f"a meeting needs a LiveKit server: {WHERE_TO_GET_ONE}")
        return cls(None, binary, is_emulated)


async def start_services(
    needs: Needs, children: Children, *, mode: str = "simultaneous", record: str = "", tell: Tell
) -> LiveKit:
    """Start what is needed, and wait until it works; the LiveKit server.

    Args:
        needs: What must be started.
        children: Starts it.
        mode: As `MeetingInterpreter` has it.
        record: Where meetings are recorded; "" if they are not.
        tell: Called with what is being started, for people.

    Raises:
        RuntimeError: Something does not start; the message has the end of what it wrote.
    """
    azure: dict[str, str] = {}
    if needs.is_emulated:
        tell("Starting the emulator of Azure Speech (AZURE_SPEECH_KEY is not set) …")
        azure = {"AZURE_SPEECH_KEY": "any", "AZURE_SPEECH_ENDPOINT": await _start_emulator(children)}
    livekit = needs.livekit
    if livekit is None:
        tell("Starting a LiveKit server (LIVEKIT_URL is not set) …")
        livekit = await _start_livekit(needs.binary, children)
    tell("Starting the interpreter …")
    options = {"MEETING_MODE": mode, "MEETING_RECORD": record}
    await _start_worker(children, livekit, {**azure, **options})
    return livekit


async def _start_emulator(children: Children) -> str:
    command = [sys.executable, "-m", f"{_PACKAGE}.emulator", "--quiet", "--port", "0"]
    emulator = await children.start("The emulator", command, {"PYTHONUNBUFFERED": "1"})
    return await emulator.until_written(r"emulator at (ws://\S+) ", seconds=_WORKER_SECONDS)


async def _start_livekit(binary: str, children: Children) -> LiveKit:
    for _ in range(_PORTS_TRIED - 1):
        with contextlib.suppress(RuntimeError):
            return await _try_livekit(binary, children)
    return await _try_livekit(binary, children)


async def _try_livekit(binary: str, children: Children) -> LiveKit:
    secret = secrets.token_urlsafe(32)
    port, udp_port = _free_port(socket.SOCK_STREAM), _free_port(socket.SOCK_DGRAM)
    configuration = loopback_configuration(port=port, udp_port=udp_port, key=_KEY, secret=secret)
    # In a variable: all users of a machine can read the arguments of a program.
    environment = {"LIVEKIT_CONFIG": json.dumps(configuration)}
    server = await children.start("The LiveKit server", [binary, "--dev"], environment)
    try:
        await server.until_true(partial(_answers, port), seconds=_START_SECONDS)
    except RuntimeError:
        await children.end(server)
        raise
    return LiveKit(f"ws://{HOST}:{port}", _KEY, secret)


async def _start_worker(children: Children, livekit: LiveKit, others: Mapping[str, str]) -> Child:
    environment = {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.key,
        "LIVEKIT_API_SECRET": livekit.secret,
        "HEALTH_HOST": HOST,
        "HEALTH_PORT": "0",
        **others,
    }
    # --dev: it ends at once when it is asked to, and waits for no meeting to end.
    command = [sys.executable, "-m", f"{_PACKAGE}.web.worker", "--dev"]
    worker = await children.start("The interpreter's worker", command, environment)
    await worker.until_written("(registered worker)", seconds=_WORKER_SECONDS)
    return worker


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
