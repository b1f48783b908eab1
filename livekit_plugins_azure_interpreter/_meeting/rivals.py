"""Of several interpreters in one room, one stays: that which has served it for longest without a break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from livekit import rtc

from .._within import within
from ..log import logger

ATTRIBUTE_SINCE = "interpreter.since"
"""The participant attribute of an interpreter: since when it serves without a break, in Unix seconds."""
ALIVE_METHOD = "interpreter.alive"
"""An interpreter answers this call, as long as it works."""
LEAVING = "leaving"
"""What it answers when it serves no longer; `_fleet` knows this word, too."""
_READY = ("interpreter", "ready")
_ANSWER_SECONDS = 2.0
_TICK_SECONDS = 0.5
_BREAK_SECONDS = 2.0
"""A process that stood still for so long has not served meanwhile."""


class Rivals:
    """Other interpreters in the room. This one gives way to one that serves the room for longer.

    Two are there if two were asked to come, if a lost connection is back after another one was brought, or
    if a process that was frozen goes on. An interpreter that does not answer is no rival: it lingers for some
    20 s after its process has died.

    Args:
        room: The connected room.
        give_way: Called once with the identity of the other one.
        now: The time, in Unix seconds.
    """

    def __init__(
        self, room: rtc.Room, give_way: Callable[[str], None], *, now: Callable[[], float] = time.time
    ) -> None:
        self._room = room
        self._give_way = give_way
        self._now = now
        self._since = now()
        self._tell: Callable[[Mapping[str, str]], None] | None = None
        self._handlers: list[tuple[rtc.room.EventTypes, Callable[..., None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: set[tuple[str, str]] = set()
        self._is_over = False

    async def leader(self) -> str | None:
        """The identity of another interpreter that serves the room, if one does. Waits 2 s at most."""
        for identity, since in self._ahead().items():
            self._asked.add((identity, since))
            if await self._lives(identity):
                return identity
        return None

    def watch(self, tell: Callable[[Mapping[str, str]], None]) -> None:
        """This one serves the room from now on.

        Args:
            tell: Sets participant attributes.
        """
        self._tell = tell
        self._room.local_participant.register_rpc_method(ALIVE_METHOD, self._answer)
        self._on("participant_attributes_changed", lambda *_: self._look())
        self._on("participant_connected", lambda *_: self._look())
        self._on("reconnected", lambda *_: self._begin_anew())
        self._begin(self._keep_time())
        self._begin_anew()

    async def aclose(self) -> None:
        """It serves no longer: so it says at once, because it may take seconds to leave."""
        self._is_over = True
        if self._tell is not None and self._handlers:
            self._tell({_READY[0]: "", ATTRIBUTE_SINCE: ""})
        for event, handler in self._handlers:
            self._room.off(event, handler)
        self._handlers.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin_anew(self) -> None:
        """It was away, and others may have come meanwhile."""
        assert self._tell is not None
        self._since = self._now()
        self._asked.clear()
        self._tell({ATTRIBUTE_SINCE: f"{self._since:.3f}"})
        self._look()

    def _look(self) -> None:
        if self._ahead().items() - self._asked:
            self._begin(self._ask())

    async def _ask(self) -> None:
        if (identity := await self.leader()) is not None:
            self._give_way(identity)

    def _ahead(self) -> dict[str, str]:
        """Those that serve the room for longer, the first one first, each with its time."""
        since = {
            one.identity: one.attributes.get(ATTRIBUTE_SINCE, "")
            for one in self._room.remote_participants.values()
            # Anybody can set attributes, but nobody can become an agent.
            if one.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
            and one.attributes.get(_READY[0]) == _READY[1]
        }
        mine = self._since, self._room.local_participant.identity
        ranks = {identity: (_seconds(text), identity) for identity, text in since.items()}
        ahead = sorted(rank for rank in ranks.values() if rank < mine)
        return {identity: since[identity] for _, identity in ahead}

    async def _lives(self, identity: str) -> bool:
        call = self._room.local_participant.perform_rpc(
            destination_identity=identity,
            method=ALIVE_METHOD,
            payload="",
            response_timeout=2 * _ANSWER_SECONDS,
            max_round_trip_latency=_ANSWER_SECONDS,
        )
        try:
            return await within(call, _ANSWER_SECONDS) != LEAVING
        except rtc.RpcError as error:
            return error.code == rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD
        except asyncio.TimeoutError:
            return False

    async def _answer(self, _: rtc.RpcInvocationData) -> str:
        return LEAVING if self._is_over else "ready"

    async def _keep_time(self) -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = time.monotonic()
            if now - before - _TICK_SECONDS > _BREAK_SECONDS:
                logger.warning("this process stood still for %.1f s", now - before)
                self._begin_anew()
            before = now

    def _on(self, event: rtc.room.EventTypes, handler: Callable[..., None]) -> None:
        self._room.on(event, handler)
        self._handlers.append((event, handler))

    def _begin(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _seconds(text: str) -> float:
    """One that does not say since when comes last: it may be just about to."""
    try:
        return float(text)
    except ValueError:
        return float("inf")
