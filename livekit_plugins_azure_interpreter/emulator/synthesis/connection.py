"""Answers the texts that a client sends over a WebSocket, as Microsoft's SDKs do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn

from ..behaviour import Behaviour
from ..faults import DropText, MuteText, RefuseText, TextFault
from ..faults.schedule import FaultSchedule
from ..transport.sockets import for_ever
from ..transport.wire import Message, WireError
from .metadata import whole_sentences
from .request import SynthesisRequest
from .speech import Synthesized
from .ssml import MOST_BYTES, Document, read_ssml
from .turn import Send, SynthesisTurn

_REFUSED = 1007
_MOST_WAITING = 100
"""A client that asks for more texts than this without sending one loses the oldest request."""

CloseConnection = Callable[[int | None, str], Awaitable[None]]


@dataclass
class _Waiting:
    """A request whose text is not all here yet.

    Args:
        request: What the client wants.
        text: The pieces that came and were not spoken yet.
        letters: How many came.
        turn: The turn that speaks it, once it began.
        fault: What happens to it.
    """

    request: SynthesisRequest
    text: str = ""
    letters: int = 0
    turn: SynthesisTurn | None = None
    fault: TextFault | None = None


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
        self._hang_up = hang_up
        self._synthesized = synthesized
        self._any_voice = any_voice
        self._faults = faults or FaultSchedule()
        self._waiting: dict[str, _Waiting] = {}

    async def take(self, message: Message) -> None:
        """Take a message of the client; what it brings of a text is answered before this returns.

        Raises:
            WireError: It has another shape than Azure's.
            ConnectionResetError: The connection was ended.
        """
        if message.path == "synthesis.context":
            await self._take_context(message)
        elif message.path == "ssml":
            await self._take_ssml(message)
        elif message.path == "text.piece":
            await self._take_piece(message)
        elif message.path == "text.end":
            waiting = self._waiting_for(message)
            await self._speak(message.request_id, waiting, Document(waiting.text.strip()))
            await self._end_turn(message.request_id, waiting)

    async def _take_context(self, message: Message) -> None:
        try:
            request = SynthesisRequest.parse(message, any_voice=self._any_voice)
        except WireError as error:
            await self._end(_REFUSED, str(error))
        self._waiting[message.request_id] = _Waiting(request)
        if len(self._waiting) > _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]

    async def _take_ssml(self, message: Message) -> None:
        waiting = self._waiting_for(message)
        detected = waiting.request.voice_detected
        try:
            document = read_ssml(message.body, any_voice=self._any_voice, needs_voice=not detected)
        except WireError as error:
            # Azure has begun the turn by then.
            await self._turn(message.request_id, waiting).start()
            await self._end(_REFUSED, str(error))
        await self._speak(message.request_id, waiting, document)
        await self._end_turn(message.request_id, waiting, message.body.decode(errors="replace"))

    async def _take_piece(self, message: Message) -> None:
        waiting = self._waiting_for(message)
        piece = message.body.decode(errors="replace")
        searched = len(waiting.text)
        waiting.text += piece
        waiting.letters += len(piece)
        if waiting.letters > MOST_BYTES:
            raise WireError(f"The text has more than {MOST_BYTES} letters.")
        if waiting.request.form.can_be_joined and (end := whole_sentences(waiting.text, searched)):
            ready, waiting.text = waiting.text[:end].strip(), waiting.text[end:]
            await self._speak(message.request_id, waiting, Document(ready))

    def _waiting_for(self, message: Message) -> _Waiting:
        if message.request_id not in self._waiting:
            raise WireError(f"{message.path} needs a synthesis.context before it")
        return self._waiting[message.request_id]

    def _turn(self, request_id: str, waiting: _Waiting) -> SynthesisTurn:
        return SynthesisTurn(request_id, waiting.request, self._behaviour, self._send)

    async def _speak(self, request_id: str, waiting: _Waiting, document: Document) -> None:
        if waiting.turn is None:
            waiting.fault = self._faults.of_next_text()
            if isinstance(waiting.fault, RefuseText):
                await self._end(waiting.fault.code, "closed by the emulator")
            waiting.turn = self._turn(request_id, waiting)
            await waiting.turn.start()
            await waiting.turn.respond()
        await waiting.turn.speak(document, partial(self._fail, waiting.fault))

    async def _end_turn(self, request_id: str, waiting: _Waiting, ssml: str = "") -> None:
        assert waiting.turn is not None
        await self._fail(waiting.fault, 1.0)
        del self._waiting[request_id]
        self._synthesized(replace(await waiting.turn.end(), ssml=ssml))

    async def _fail(self, fault: TextFault | None, share: float) -> None:
        if isinstance(fault, MuteText) and share >= fault.after:
            await for_ever()
        if isinstance(fault, DropText) and share >= fault.after:
            await self._end(None)

    async def _end(self, code: int | None, reason: str = "") -> NoReturn:
        await self._hang_up(code, reason)
        raise ConnectionResetError("the service hung up")
