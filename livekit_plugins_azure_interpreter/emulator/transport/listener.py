"""Listens on a port, and can go away for a while as a service does that is restarted."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from aiohttp import web

from .doorkeeper import Doorkeeper
from .sockets import reset

LOOPBACK = "127.0.0.1"
_EVERYWHERE = ("0.0.0.0", "::")
_PORT_POLL_SECONDS = 0.05

logger = logging.getLogger(__name__)


class Listener:
    """Serves an application.

    Args:
        doorkeeper: Bounds the connections.
        host: The address on which it listens; "0.0.0.0": on all addresses of this machine.
        port: The port; 0 finds a free one.
    """

    def __init__(self, doorkeeper: Doorkeeper, host: str, port: int) -> None:
        self._doorkeeper = doorkeeper
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._away: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Host and port, as an address on this machine has them."""
        host = LOOPBACK if self._host in _EVERYWHERE else self._host
        return f"[{host}]:{self._port}" if ":" in host else f"{host}:{self._port}"

    async def start(self, app: web.Application) -> None:
        """Begin to listen.

        Raises:
            OSError: The port is taken.
        """
        self._doorkeeper.receive(app)
        # A handshake that hangs, or a connection that is not read from, ends with its client.
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        try:
            await self._listen()
        except OSError:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Drop all connections and stop listening."""
        if self._away is not None:
            self._away.cancel()
            await asyncio.gather(self._away, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def go_away(self, seconds: float) -> None:
        """Reset all connections, and take no new ones for so long. If it is away, that goes on."""
        if self._away is None or self._away.done():
            self._away = asyncio.create_task(self._be_away(seconds))

    async def _listen(self) -> None:
        assert self._runner is not None
        assert self._runner.server is not None
        protocol = partial(self._doorkeeper.protocol, self._runner.server)
        self._server = await asyncio.get_running_loop().create_server(protocol, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _be_away(self, seconds: float) -> None:
        assert self._server is not None
        assert self._runner is not None
        assert self._runner.server is not None
        self._server.close()
        for handler in self._runner.server.connections:
            reset(handler.transport)
        await asyncio.sleep(seconds)
        while not await self._is_back():  # noqa: ASYNC110 - no event tells that a port is free
            await asyncio.sleep(_PORT_POLL_SECONDS)

    async def _is_back(self) -> bool:
        try:
            await self._listen()
        except OSError as error:
            # A client that connects from this port number occupies it for a moment.
            logger.debug("the port is taken: %s", error)
            return False
        return True
