"""Answers the texts that a client sends over a WebSocket, as Microsoft's SDKs do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from ..behaviour import Behaviour
from ..faults import DropText, MuteText, RefuseText, TextFault
from ..faults.schedule import FaultSchedule
from ..sockets import for_ever
from ..wire import Message, WireError, json_body
from .encoding import encode
from .metadata import metadata
from .request import SynthesisRequest
from .speech import Synthesized, is_heard, pieces, synthesize
from .ssml import MOST_BYTES, Document, read_ssml

_TICKS_PER_SECOND = 10_000_000
_REFUSED = 1007
_MOST_WAITING = 100
"""A client that asks for more texts than this without sending one loses the oldest request."""
_JSON = {"Content-Type": "application/json; charset=utf-8"}

Send = Callable[[Message, bool], Awaitable[None]]
CloseConnection = Callable[[int | None, str], Awaitable[None]]


@dataclass
class _Waiting:
    """A request whose text is not here yet; `text`: the pieces of it that are."""

    request: SynthesisRequest
    text: str = ""


class SynthesisConnection:
    """Answers the requests of one WebSocket, one text after another.

    Args:
        behaviour: How long a voice is, and how it is sent.
        send: Sends a message; binary or not.
        hang_up: Ends the connection: closes it with a code and a reason, or (None) as a crash does.
        synthesized: Called with each voice that was sent completely.
        any_voice: A voice may have any name: the client asks a custom deployment.
        faults: The faults that happen.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        send: Send,
        hang_up: CloseConnection,
        synthesized: Callable[[Synthesized], None],
        *,
        any_voice: bool = False,
        faults: FaultSchedule | None = None,
    ) -> None:
        self._behaviour = behaviour
        self._send = send
        self._synthesized = synthesized
        self._any_voice = any_voice
        self._faults = faults or FaultSchedule()
        self._hang_up = hang_up
        self._waiting: dict[str, _Waiting] = {}

    async def take(self, message: Message) -> None:
        """Take a message of the client; a text is answered before this returns.

        Raises:
            WireError: It has another shape than Azure's.
            ConnectionResetError: The connection was ended.
        """
        if message.path == "synthesis.context":
            request = SynthesisRequest.parse(message, any_voice=self._any_voice)
            self._waiting[message.request_id] = _Waiting(request)
            if len(self._waiting) > _MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
        elif message.path == "ssml":
            await self._speak_ssml(message)
        elif message.path == "text.piece":
            waiting = self._waiting_for(message)
            waiting.text += message.body.decode(errors="replace")
            if len(waiting.text) > MOST_BYTES:
                raise WireError(f"The text has more than {MOST_BYTES} letters.")
        elif message.path == "text.end":
            text = self._waiting_for(message).text.strip()
            await self._answer(message.request_id, Document(text), "")

    def _waiting_for(self, message: Message) -> _Waiting:
        if message.request_id not in self._waiting:
            raise WireError(f"{message.path} needs a synthesis.context before it")
        return self._waiting[message.request_id]

    async def _speak_ssml(self, message: Message) -> None:
        detected = self._waiting_for(message).request.voice_detected
        try:
            document = read_ssml(message.body, any_voice=self._any_voice, needs_voice=not detected)
        except WireError as error:
            # Azure has begun the turn by then.
            await self._begin(message.request_id)
            await self._end(_REFUSED, str(error))
        await self._answer(message.request_id, document, message.body.decode(errors="replace"))

    async def _answer(self, request_id: str, document: Document, ssml: str) -> None:
        request = self._waiting.pop(request_id).request
        fault = self._faults.of_next_text()
        if isinstance(fault, RefuseText):
            await self._end(fault.code, "closed by the emulator")
        seconds = self._behaviour.synthesis_seconds if is_heard(document.text) else 0.0
        voice = synthesize(document.text, seconds, request.form.sample_rate)
        await self._begin(request_id)
        stream = {"audio": {"type": "inline", "streamId": request_id}}
        await self._tell(request_id, "response", {"context": {"serviceTag": request_id}, **stream})
        told = metadata(document, voice.seconds, request.metadata)
        audio = await encode(voice, request.form)
        headers = {"X-RequestId": request_id, "X-StreamId": request_id}
        headers["Content-Type"] = request.form.content_type
        sent = 0
        async for piece in pieces(audio, voice.seconds, self._behaviour):
            await self._fail(fault, sent / len(audio))
            sent += len(piece)
            # A word is reported before it is heard.
            told = await self._tell_until(request_id, told, voice.seconds * sent / len(audio))
            await self._send(Message("audio", headers, piece), True)
        await self._fail(fault, 1.0)
        await self._tell_all(request_id, told)
        await self._tell(request_id, "turn.end", {})
        self._synthesized(Synthesized(document.text, voice, ssml))

    async def _begin(self, request_id: str) -> None:
        await self._tell(request_id, "turn.start", {"context": {"serviceTag": request_id}})

    async def _tell_until(
        self, request_id: str, entries: list[dict[str, Any]], seconds: float
    ) -> list[dict[str, Any]]:
        """Report what comes before a position. Returns what is left."""
        due = [entry for entry in entries if entry["Data"]["Offset"] < seconds * _TICKS_PER_SECOND]
        await self._tell_all(request_id, due)
        return entries[len(due) :]

    async def _tell_all(self, request_id: str, entries: list[dict[str, Any]]) -> None:
        if entries:
            await self._tell(request_id, "audio.metadata", {"Metadata": entries})

    async def _tell(self, request_id: str, path: str, body: dict[str, Any]) -> None:
        await self._send(Message(path, {"X-RequestId": request_id, **_JSON}, json_body(body)), False)

    async def _fail(self, fault: TextFault | None, share: float) -> None:
        if isinstance(fault, MuteText) and share >= fault.after:
            await for_ever()
        if isinstance(fault, DropText) and share >= fault.after:
            await self._end(None)

    async def _end(self, code: int | None, reason: str = "") -> NoReturn:
        await self._hang_up(code, reason)
        raise ConnectionResetError("the service hung up")
