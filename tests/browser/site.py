"""The page's server, for one room."""

from __future__ import annotations

import uuid

from aiohttp import web
from livekit import api
from room.server import Server

from livekit_plugins_azure_interpreter.record import Record
from livekit_plugins_azure_interpreter.web import Admission, LiveKit, Meeting, OpenAdmission, create_app


class Site:
    """Serves the page of a meeting, on loopback.

    Attributes:
        room: The room's name.
        address: Where the page is.
    """

    def __init__(
        self, server: Server, admission: Admission | None = None, record: Record | None = None
    ) -> None:
        self.room = f"room-{uuid.uuid4().hex[:8]}"
        self.address = ""
        self._server = server
        livekit = LiveKit(server.url, server.key, server.secret)
        meeting = Meeting(self.room, is_emulated=True)
        app = create_app(livekit, admission or OpenAdmission(), meeting=meeting, record=record)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.address = f"http://127.0.0.1:{port}/"

    async def aclose(self) -> None:
        await self._runner.cleanup()

    async def participants(self) -> list[api.ParticipantInfo]:
        """Who is in the room, as the LiveKit server has it."""
        url = self._server.url.replace("ws", "http", 1)
        async with api.LiveKitAPI(url, self._server.key, self._server.secret) as livekit:
            request = api.ListParticipantsRequest(room=self.room)
            return list((await livekit.room.list_participants(request)).participants)

    async def identity(self, name: str) -> str:
        """The identity of the person with this name."""
        return next(one.identity for one in await self.participants() if one.name == name)

    async def sid(self, name: str) -> str:
        """The sid of the person with this name."""
        return next(one.sid for one in await self.participants() if one.name == name)

    async def interpreter_sid(self) -> str:
        return next(one.sid for one in await self.participants() if one.attributes.get("interpreter"))
