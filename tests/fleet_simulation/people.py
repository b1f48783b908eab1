"""The people of one meeting: they come, speak one at a time, and go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from .job import Said
from .livekit import FakeLiveKit
from .script import MeetingScript, Visit

_FINAL_SECONDS = 0.8
"""From the end of an utterance to its final result."""
_LINGER_SECONDS = 20.0
"""A microphone stays open for so long after its person has spoken."""


class Conversation:
    """Plays the script of one meeting.

    Args:
        said: Called with the room and each utterance that somebody there needs interpreted.
    """

    def __init__(
        self, script: MeetingScript, livekit: FakeLiveKit, said: Callable[[str, Said], None]
    ) -> None:
        self._script, self._livekit, self._said = script, livekit, said
        self._dice = random.Random(script.seed)
        self._here: dict[str, Visit] = {}
        self._mutes_at: dict[str, asyncio.TimerHandle] = {}
        self._utterances = 0

    async def play(self) -> None:
        await _until(self._script.begins_at)
        await asyncio.gather(*(self._visit(one) for one in self._script.visits), self._talk())

    async def _visit(self, visit: Visit) -> None:
        await _until(visit.comes_at)
        room, who = self._script.room, visit.identity
        self._livekit.come(room, who, visit.language)
        if not visit.mutes:
            self._livekit.mute(room, who, False)
        self._here[who] = visit
        await _until(visit.leaves_at)
        del self._here[who]
        if (timer := self._mutes_at.pop(who, None)) is not None:
            timer.cancel()
        self._livekit.go(room, who)

    async def _talk(self) -> None:
        while asyncio.get_running_loop().time() < self._script.ends_at - 5.0:
            await asyncio.sleep(self._dice.uniform(1.0, 10.0))
            if len(self._here) > 1:
                await self._turn(self._dice.choice(list(self._here.values())))

    async def _turn(self, speaker: Visit) -> None:
        who, room = speaker.identity, self._script.room
        if (timer := self._mutes_at.pop(who, None)) is not None:
            timer.cancel()
        self._livekit.mute(room, who, False)
        for _ in range(self._dice.randint(1, 4)):
            await self._utter(speaker)
            if self._here.get(who) is not speaker:
                return
        if speaker.mutes:
            loop = asyncio.get_running_loop()
            self._mutes_at[who] = loop.call_later(_LINGER_SECONDS, self._mute, who)

    async def _utter(self, speaker: Visit) -> None:
        started_at = asyncio.get_running_loop().time() + self._dice.uniform(0.3, 1.5)
        ended_at = started_at + min(20.0, self._dice.lognormvariate(1.8, 0.6))
        await _until(ended_at + _FINAL_SECONDS)
        others = {one.language for one in self._here.values()} - {speaker.language}
        self._utterances += 1
        if others and self._here.get(speaker.identity) is speaker:
            text = f"{self._script.room}/{self._utterances}"
            self._said(
                self._script.room, Said(text, speaker.identity, speaker.language, started_at, ended_at)
            )

    def _mute(self, who: str) -> None:
        self._mutes_at.pop(who, None)
        self._livekit.mute(self._script.room, who, True)


async def _until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
