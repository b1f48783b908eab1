"""Azure's Voice Live, as far as an assistant needs it: it hears scripted words, and says scripted answers."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from livekit_plugins_azure_interpreter.emulator.recognition.vad import EnergyVad, SpeechBegan

RATE_HZ = 24000
_SILENCE_MS = 500
_DELTA_BYTES = 2 * RATE_HZ // 10


@dataclass(frozen=True)
class Exchange:
    """What is understood of one utterance, and what is answered to it if an answer is asked for.

    Attributes:
        heard: The transcript of the utterance.
        answer: The words of the answer.
        voice: Its sound, 16 bit mono PCM at RATE_HZ.
    """

    heard: str
    answer: str = ""
    voice: bytes = b""


class VoiceLive:
    """Listens on loopback, as `async with VoiceLive(script) as service`, at `service.endpoint`.

    Speech is found by its energy. Each stretch of it, over all connections, is the script's next utterance.

    Args:
        script: What is understood and answered.
        let_in: Whether a bearer token is let in.

    Attributes:
        sessions: What each `session.update` asked for.
        tokens: The bearer token of each connection that was tried.
        answered: The exchanges that were answered.
    """

    def __init__(self, script: Sequence[Exchange], *, let_in: Callable[[str], bool]) -> None:
        self.sessions: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.answered: list[Exchange] = []
        self._script, self._let_in = iter(script), let_in
        self._connections: set[web.WebSocketResponse] = set()
        app = web.Application()
        app.add_routes([web.get("/voice-live/realtime", self._serve)])
        self._runner = web.AppRunner(app)

    @property
    def endpoint(self) -> str:
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> VoiceLive:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end_connections()
        await self._runner.cleanup()

    async def end_connections(self) -> None:
        """The service ends every connection, as it does after its longest session."""
        await asyncio.gather(*(connection.close() for connection in list(self._connections)))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.tokens.append(token)
        if not self._let_in(token):
            return web.Response(status=401)
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        self._connections.add(connection)
        conversation = _Conversation(self, connection)
        await conversation.send("session.created", session={"id": "session"})
        try:
            async for message in connection:
                await conversation.take(json.loads(message.data))
        finally:
            self._connections.discard(connection)
        return connection

    def next_exchange(self) -> Exchange:
        return next(self._script)


class _Conversation:
    """What one connection has said and heard."""

    def __init__(self, service: VoiceLive, connection: web.WebSocketResponse) -> None:
        self._service, self._connection = service, connection
        self._vad = EnergyVad(RATE_HZ, silence_ms=_SILENCE_MS)
        self._numbers = itertools.count(1)
        self._utterance = ""
        self._last: Exchange | None = None

    async def send(self, type: str, **fields: Any) -> None:
        await self._connection.send_json({"type": type, "event_id": f"event-{next(self._numbers)}", **fields})

    async def take(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "session.update":
                self._service.sessions.append(event["session"])
                await self.send("session.updated", session={"id": "session"})
            case "input_audio_buffer.append":
                await self._hear(base64.b64decode(event["audio"]))
            case "response.create":
                await self._answer(event)
            case "response.cancel":
                # Answers are sent at once: none is left to be cancelled.
                await self._refuse(event, "response_cancel_not_active")
            case "conversation.item.create":
                await self.send("conversation.item.created", item={"status": "completed", **event["item"]})
            case other:
                await self._refuse(event, f"this service does not know {other}")

    async def _refuse(self, event: dict[str, Any], code: str) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": code}
        await self.send("error", error={**error, "event_id": event.get("event_id")})

    async def _hear(self, pcm: bytes) -> None:
        for found in self._vad.hear(pcm):
            if isinstance(found, SpeechBegan):
                self._utterance = f"utterance-{next(self._numbers)}"
                start_ms = round(1000 * found.start_seconds)
                await self.send(
                    "input_audio_buffer.speech_started", item_id=self._utterance, audio_start_ms=start_ms
                )
            else:
                await self._understand(round(1000 * found.end_seconds))

    async def _understand(self, end_ms: int) -> None:
        self._last = self._service.next_exchange()
        utterance = self._utterance
        content = {"type": "input_audio", "transcript": None}
        await self.send("input_audio_buffer.speech_stopped", item_id=utterance, audio_end_ms=end_ms)
        await self.send("input_audio_buffer.committed", item_id=utterance)
        await self.send("conversation.item.created", item=_message(utterance, "user", content))
        await self.send(
            "conversation.item.input_audio_transcription.completed",
            item_id=utterance,
            content_index=0,
            transcript=self._last.heard,
        )

    async def _answer(self, event: dict[str, Any]) -> None:
        if self._last is None:
            await self._refuse(event, "nothing was said")
            return
        self._service.answered.append(self._last)
        response, answer = f"response-{next(self._numbers)}", f"answer-{next(self._numbers)}"
        begun = {"id": response, "metadata": event["response"]["metadata"]}
        where = {"response_id": response, "item_id": answer, "output_index": 0, "content_index": 0}
        message = _message(answer, "assistant")
        await self.send("response.created", response={**begun, "status": "in_progress"})
        await self.send("response.output_item.added", response_id=response, output_index=0, item=message)
        await self.send("conversation.item.created", item=message)
        await self.send("response.content_part.added", **where, part={"type": "audio"})
        await self.send("response.audio_transcript.delta", **where, delta=self._last.answer)
        voice = self._last.voice
        for at in range(0, len(voice), _DELTA_BYTES):
            delta = base64.b64encode(voice[at : at + _DELTA_BYTES]).decode()
            await self.send("response.audio.delta", **where, delta=delta)
        await self.send("response.done", response={**begun, "status": "completed"})


def _message(id: str, role: str, *content: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "type": "message", "role": role, "status": "completed", "content": [*content]}
