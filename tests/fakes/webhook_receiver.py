"""A receiver of webhooks on loopback. It checks each request with the package of Standard Webhooks."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks.webhooks import Webhook

from .limits import within

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Got:
    """A webhook that was received.

    Attributes:
        id: Its header `webhook-id`.
        body: Its JSON.
    """

    id: str
    body: Any

    @property
    def type(self) -> str:
        return str(self.body["type"])

    @property
    def number(self) -> int:
        return int(self.body["data"]["number"])


class WebhookReceiver:
    """The server.

    Attributes:
        got: What was received and answered with 2xx.
        tries: How many requests have come.
        answers: The statuses of the next answers, with their headers; then 200.
        opens: Cleared, no request is answered.
    """

    def __init__(self, secret: str = SECRET) -> None:
        self.got: list[Got] = []
        self.tries = 0
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        self.opens = asyncio.Event()
        self.opens.set()
        self._webhook = Webhook(secret)
        self._changed = asyncio.Event()
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/hook", self._receive)
        self._server = TestServer(app)

    async def __aenter__(self) -> WebhookReceiver:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.opens.set()
        await within(self._server.close())

    @property
    def url(self) -> str:
        return str(self._server.make_url("/hook?token=sesame"))

    @property
    def types(self) -> list[str]:
        return [one.type for one in self.got]

    @property
    def texts(self) -> list[str]:
        """The originals of the utterances."""
        return [one.body["data"]["text"] for one in self.got if one.type == "meeting.utterance"]

    async def until(self, count: int) -> None:
        """Wait until so many were received."""
        await self._until(lambda: len(self.got) >= count)

    async def until_tried(self, count: int) -> None:
        """Wait until so many requests have come."""
        await self._until(lambda: self.tries >= count)

    async def _until(self, condition: Any) -> None:
        async def wait() -> None:
            while not condition():
                self._changed.clear()
                await self._changed.wait()

        await within(wait())

    async def _receive(self, request: web.Request) -> web.Response:
        self.tries += 1
        self._changed.set()
        body = await request.read()
        await self.opens.wait()
        status, headers = self.answers.popleft() if self.answers else (200, {})
        if 200 <= status < 300:
            checked = self._webhook.verify(body, dict(request.headers))
            self.got.append(Got(request.headers["webhook-id"], checked))
            self._changed.set()
        return web.Response(status=status, headers=headers)
