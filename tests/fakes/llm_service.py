"""A service that speaks OpenAI's protocol: it answers what it is told to say to each text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web


class LLMService:
    """Listens on loopback, as `async with LLMService(answers) as service`, at `service.url`.

    Attributes:
        tasks: The system's message of each request, in order.
    """

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.tasks: list[str] = []
        self._answers = answers
        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", self._complete)])
        self._runner = web.AppRunner(app)

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/v1"

    async def __aenter__(self) -> LLMService:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        system, *_, user = (message["content"] for message in (await request.json())["messages"])
        self.tasks.append(system)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for word in self._answers[user].split(" "):
            await self._send(response, {"role": "assistant", "content": word + " "})
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _send(self, response: web.StreamResponse, delta: Mapping[str, Any]) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "fake"}
        await response.write(b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n")
