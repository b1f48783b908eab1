"""Replays the service's side of a recorded exchange to another client.

A message is due when the client has reached the same position in its audio as the recorded client, after
the same delay. So a client that sends the same speech gets the same answers, at any pace.
"""

from __future__ import annotations

import asyncio
import bisect
import math
from collections.abc import Callable

from ..recognition.speech_context import SpeechContext
from ..recognition.turn_audio import TurnAudio
from ..transport.channel import Channel
from ..transport.wire import Message, json_body
from .exchange import Exchange, RecordedConnection, RecordedMessage

_ABNORMAL_CLOSURE = 1006
_ROUNDING_SECONDS = 0.001
_TICKS_PER_SECOND = 10_000_000
_COUNTED = ("speech.context", "audio")
"""The client's messages that show its position."""
_NOTHING = RecordedConnection()


class Replay:
    """Chooses the recorded connection for a client.

    A session continues with the next one when it connects again; after the last one it gets no
    answers. A new session continues, too, while there are more, and otherwise begins with the first.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._connections = exchange.connections
        self._next = 0
        self._sessions: set[str] = set()

    def connection(self, session_id: str) -> RecordedConnection:
        """The recorded connection for the client that connects now."""
        known = session_id in self._sessions
        self._sessions.add(session_id)
        if self._next >= len(self._connections):
            if known:
                return _NOTHING
            self._next = 0
        self._next += 1
        return self._connections[self._next - 1]


class _RecordedTurn:
    """A turn of the client: its id, and the times at which it reached positions in its audio."""

    def __init__(self, request: SpeechContext, now: float) -> None:
        self.request_id = request.request_id
        self.ended = False
        start = request.start_seconds or 0.0
        self._recording = TurnAudio(start)
        self._positions = [start]
        self._times = [now]

    @property
    def ticks(self) -> int:
        """How long its audio is, as Azure counts."""
        return round((self._positions[-1] - self._positions[0]) * _TICKS_PER_SECOND)

    def hear(self, payload: bytes, now: float) -> None:
        self.ended = not payload
        self._recording.append(payload)
        self._recording.forget(self._recording.now)
        self._positions.append(math.inf if self.ended else self._recording.now)
        self._times.append(now)

    def reached_at(self, position: float) -> float | None:
        """When its audio reached a position, or ended; None: it has not yet."""
        index = bisect.bisect_left(self._positions, position - _ROUNDING_SECONDS)
        return self._times[index] if index < len(self._times) else None


class ReplayedConnection:
    """One WebSocket, over which a recorded connection is replayed.

    Turns that the recording does not have get no answers.

    Args:
        channel: Its messages.
        recorded: The recorded connection.
        turn_began: Called with each turn.
    """

    def __init__(
        self,
        channel: Channel,
        recorded: RecordedConnection,
        *,
        turn_began: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._recorded = recorded
        self._turn_began = turn_began
        self._turns: list[_RecordedTurn] = []
        self._heard = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()

    async def serve(self) -> None:
        """Send it, until the client leaves or all is sent."""
        saying = asyncio.create_task(self._say_all())
        try:
            await self._channel.serve(self._take)
        finally:
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)

    async def _take(self, message: Message) -> None:
        if message.path == "speech.context":
            self._turn_began()
            self._turns.append(_RecordedTurn(SpeechContext.parse(message), self._loop.time()))
            if self._is_beyond:
                await self._say("turn.start", {"context": {"serviceTag": self._turns[-1].request_id}})
        elif message.path == "audio" and self._turns and not self._turns[-1].ended:
            ticks = self._turns[-1].ticks
            self._turns[-1].hear(message.body, self._loop.time())
            if self._is_beyond and self._turns[-1].ended:
                await self._say("speech.endDetected", {"Offset": ticks})
                await self._say("turn.end", {})
        self._heard.set()

    @property
    def _is_beyond(self) -> bool:
        return len(self._turns) > self._recorded.turns

    async def _say_all(self) -> None:
        asked_seconds = said_seconds = 0.0
        said_at = self._began_at
        over: set[int] = set()
        for recorded in self._recorded.messages:
            if recorded.sender == "client":
                if recorded.message.path in _COUNTED:
                    asked_seconds = recorded.at_seconds
                continue
            if recorded.turn in over:
                # The client sends no more of this turn's audio.
                due_at = said_at + recorded.at_seconds - said_seconds
            else:
                due_at = await self._reached(recorded) + recorded.at_seconds - asked_seconds
            await self._sleep_until(due_at)
            await self._repeat(recorded)
            said_at, said_seconds = self._loop.time(), recorded.at_seconds
            if recorded.message.path == "speech.endDetected":
                over.add(recorded.turn)
        if (code := self._recorded.close_code) is not None:
            await self._sleep_until(said_at + self._recorded.close_seconds - said_seconds)
            self._channel.hang_up(None if code == _ABNORMAL_CLOSURE else code)

    async def _reached(self, recorded: RecordedMessage) -> float:
        """Wait until the client has begun the turn and reached the position. Returns when it did."""
        if recorded.turn == 0:
            return self._began_at
        while True:
            self._heard.clear()
            if recorded.turn <= len(self._turns):
                reached_at = self._turns[recorded.turn - 1].reached_at(recorded.position_seconds)
                if reached_at is not None:
                    return reached_at
            await self._heard.wait()

    async def _sleep_until(self, when: float) -> None:
        await asyncio.sleep(max(0.0, when - self._loop.time()))

    async def _repeat(self, recorded: RecordedMessage) -> None:
        headers = dict(recorded.message.headers)
        if recorded.turn:
            headers["X-RequestId"] = self._turns[recorded.turn - 1].request_id
        message = Message(recorded.message.path, headers, recorded.message.body)
        await self._channel.send(message, recorded.binary)

    async def _say(self, path: str, body: dict[str, object]) -> None:
        headers = {"X-RequestId": self._turns[-1].request_id}
        message = Message(path, headers, json_body(body))
        await self._channel.send(message, False)
