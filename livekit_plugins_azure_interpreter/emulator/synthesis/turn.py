"""One text that is spoken over a WebSocket, from turn.start to turn.end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..behaviour import Behaviour
from ..script import Voice
from ..transport.wire import Message, json_body
from .encoding import encode
from .metadata import TICKS_PER_SECOND, metadata
from .request import SynthesisRequest
from .speech import Synthesized, pieces, synthesize, voice_seconds
from .ssml import Document

_JSON = {"Content-Type": "application/json; charset=utf-8"}

Send = Callable[[Message, bool], Awaitable[None]]
Fail = Callable[[float], Awaitable[None]]


class SynthesisTurn:
    """Speaks a text, as a whole or sentence by sentence.

    Args:
        request_id: Azure's id of the turn, which all its messages carry.
        request: What the client wants.
        behaviour: How long a voice is, and how it is sent.
        send: Sends a message; binary or not.
    """

    def __init__(self, request_id: str, request: SynthesisRequest, behaviour: Behaviour, send: Send) -> None:
        self._request_id = request_id
        self._request = request
        self._behaviour = behaviour
        self._send = send
        self._texts: list[str] = []
        self._pcm = bytearray()

    async def start(self) -> None:
        """Begin the turn."""
        await self._tell("turn.start", {"context": {"serviceTag": self._request_id}})

    async def respond(self) -> None:
        """Announce the voice."""
        stream = {"audio": {"type": "inline", "streamId": self._request_id}}
        await self._tell("response", {"context": {"serviceTag": self._request_id}, **stream})

    async def speak(self, document: Document, fail: Fail) -> None:
        """Send the voice of the whole text, or of its next sentences.

        Args:
            document: The text.
            fail: Called with the share of the voice that was sent; it may raise an error.
        """
        form = self._request.form
        voice = synthesize(document.text, voice_seconds(document.text, self._behaviour), form.sample_rate)
        start = self._voice.seconds
        told = metadata(document, voice.seconds, self._request.metadata, start_seconds=start)
        audio = await encode(voice, form)
        headers = {"X-RequestId": self._request_id, "X-StreamId": self._request_id}
        headers["Content-Type"] = form.content_type
        sent = 0
        async for piece in pieces(audio, voice.seconds, self._behaviour):
            await fail(sent / len(audio))
            sent += len(piece)
            # A word is reported before it is heard.
            told = await self._tell_until(start + voice.seconds * sent / len(audio), told)
            await self._send(Message("audio", headers, piece), True)
        await self._tell_all(told)
        self._texts.append(document.text)
        self._pcm += voice.pcm

    async def end(self) -> Synthesized:
        """End the turn. Returns what was spoken, without its SSML."""
        if self._request.metadata.session_end:
            ticks = round(self._voice.seconds * TICKS_PER_SECOND)
            await self._tell_all([{"Type": "SessionEnd", "Data": {"Offset": ticks}}])
        await self._tell("turn.end", {})
        return Synthesized(" ".join(filter(None, self._texts)), self._voice)

    @property
    def _voice(self) -> Voice:
        return Voice(bytes(self._pcm), self._request.form.sample_rate)

    async def _tell_until(self, seconds: float, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Report what comes before a position. Returns what is left."""
        due = [entry for entry in entries if entry["Data"]["Offset"] < seconds * TICKS_PER_SECOND]
        await self._tell_all(due)
        return entries[len(due) :]

    async def _tell_all(self, entries: list[dict[str, Any]]) -> None:
        if entries:
            await self._tell("audio.metadata", {"Metadata": entries})

    async def _tell(self, path: str, body: dict[str, Any]) -> None:
        await self._send(Message(path, {"X-RequestId": self._request_id, **_JSON}, json_body(body)), False)
