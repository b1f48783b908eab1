"""One client's connection to the emulated service."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from ..faults import Away, BlackHole, Drop, ErrorStatus, Mute, PositionFault, RefuseTurn
from ..spoken import Spoken
from ..transport.channel import Channel
from ..transport.sockets import for_ever
from ..transport.wire import Message
from .address import Address
from .capabilities import Unknown, refusal, unknown_parts
from .conversation import Conversation
from .speech_context import LanguageChange, SpeechContext
from .turn import Turn

_LONGEST_LIFE_CODE = 1000
_REFUSED_CODE = 1007
_KNOWN_PATHS = {"audio", "audio.commit", "event", "speech.config", "speech.context", "telemetry"}
_GARBAGE = b"\xff\xff no message"


class ClientConnection:
    """One WebSocket: its frames, and the turn that is under way.

    Args:
        channel: Its messages.
        conversation: The session that it belongs to.
        address: What the client asks for in its address.
        unknown: Tells what the emulator does nothing about.
        turn_began: Called with each turn.
        spoken: Called with each voice that was sent completely.
        go_away: Called with the seconds for which the whole service goes away.
    """

    def __init__(
        self,
        channel: Channel,
        conversation: Conversation,
        *,
        address: Address,
        unknown: Unknown,
        turn_began: Callable[[], None],
        spoken: Callable[[Spoken], None],
        go_away: Callable[[float], None],
    ) -> None:
        self._channel = channel
        self._conversation = conversation
        self._address = address
        self._unknown = unknown
        self._turn_began = turn_began
        self._spoken = spoken
        self._go_away = go_away
        self._turns: list[Turn] = []
        self._position: float | None = None
        self._silent = False

    async def serve(self) -> None:
        """Answer the client until it leaves, or is dropped."""
        ages = (self._conversation.behaviour.connection_seconds, self._address.connection_seconds)
        seconds = min((age for age in ages if age is not None), default=None)
        loop = asyncio.get_running_loop()
        timer = None if seconds is None else loop.call_later(seconds, self.drop, _LONGEST_LIFE_CODE)
        try:
            await self._channel.serve(self._take)
        finally:
            if timer is not None:
                timer.cancel()
            self._silence()
            await asyncio.gather(*(turn.aclose() for turn in self._turns))

    async def send(self, message: Message, binary: bool) -> None:
        await self._channel.send(message, binary)

    async def send_garbage(self) -> None:
        await self._channel.send_garbage(_GARBAGE)

    def drop(self, code: int | None, reason: str = "") -> None:
        self._silence()
        self._channel.hang_up(code, reason)

    def _silence(self) -> None:
        self._silent = True
        for turn in self._turns:
            turn.stop()

    async def _take(self, message: Message) -> None:
        if self._silent:
            return
        if message.path == "audio":
            await self._audio(message)
        elif message.path == "speech.context":
            await self._begin(message)
        elif message.path == "audio.commit":
            await self._commit(message)
        elif message.path == "event" and self._turns:
            if change := LanguageChange.parse(message):
                self._change(change)
        elif message.path not in _KNOWN_PATHS:
            self._unknown.tell([message.path])

    async def _begin(self, message: Message) -> None:
        request, context = SpeechContext.parse(message, self._address.mode), message.json()
        if reason := refusal(context) or self._voices_refused(request.voiced_languages):
            self.drop(_REFUSED_CODE, reason)
            return
        self._unknown.tell(unknown_parts(context))
        self._turn_began()
        faults = self._conversation.faults.of_next_turn()
        if refused := faults.get(RefuseTurn):
            self.drop(refused.code, refused.reason)
            return
        turn = Turn(request, self._conversation, self, self._spoken, faults)
        if self._position is None:
            # A fault at the very start of the audio happens, too.
            self._position = math.nextafter(turn.now, -math.inf)
        self._turns = [*(turn for turn in self._turns if not turn.is_done), turn]
        await turn.start()

    def _change(self, change: LanguageChange) -> None:
        if reason := self._voices_refused(change.voiced_languages or ()):
            self.drop(_REFUSED_CODE, reason)
        else:
            self._turns[-1].retarget(change)

    def _voices_refused(self, languages: Sequence[str]) -> str:
        several = self._conversation.behaviour.several_voices == "refused" and len(languages) > 1
        return f"Voices in several languages are not supported ({', '.join(languages)})." if several else ""

    async def _commit(self, message: Message) -> None:
        commits = self._conversation.behaviour.commits
        if commits == "refused":
            self.drop(_REFUSED_CODE, "audio.commit is not supported.")
        elif self._turns and (commits == "answered" or (commits is None and self._address.commits)):
            await self._turns[-1].commit(message.headers.get("X-Client-Commit-Token", ""))

    async def _audio(self, message: Message) -> None:
        if not self._turns or self._position is None:
            return
        turn = self._turns[-1]
        await turn.hear(message.body)
        self._conversation.heard_until(turn.now)
        before, self._position = self._position, max(self._position, turn.now)
        for fault in self._conversation.faults.at_position(before, self._position):
            await self._happen(fault, turn)

    async def _happen(self, fault: PositionFault, turn: Turn) -> None:
        match fault:
            case Drop():
                self.drop(fault.code, fault.reason)
            case ErrorStatus():
                await turn.fail(fault.status)
            case Away():
                self._go_away(fault.seconds)
            case Mute():
                self._silence()
            case BlackHole():
                self._silence()
                await for_ever()
