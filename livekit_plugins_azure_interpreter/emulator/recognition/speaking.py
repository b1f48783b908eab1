"""Sends the voices of a turn."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ..behaviour import Behaviour
from ..faults import EarlyVoice, NoTranslation, NoVoice
from ..faults.schedule import UtteranceFaults
from ..languages import in_language
from ..script import Line, Voice
from ..spoken import Spoken
from .actions import Action, Send, VoiceSent
from .voices import voice_actions

_MOST_WAITING = 100
"""The number of voices still to be sent at which no more results are given."""


@dataclass(frozen=True)
class Utterance:
    """What was said: its line, its place in the session's audio in seconds, and its samples.

    Args:
        targets: The languages that it is translated to; None: the client only wants the words.
        voiced_languages: The languages that it is spoken in.
        commit_token: The client's id for its wish that the utterance ends here; empty: it ended by itself.
    """

    line: Line
    start_seconds: float
    end_seconds: float
    samples: Voice
    targets: Sequence[str] | None
    voiced_languages: Sequence[str]
    commit_token: str = ""


@dataclass(frozen=True)
class _WaitingVoice:
    utterance: Utterance
    faults: UtteranceFaults
    stream_id: int
    begun: asyncio.Event = field(default_factory=asyncio.Event)


class Speaking:
    """Sends voices: in each language one after another, in several languages at the same time.

    Args:
        behaviour: How voices are sent.
        perform: Performs an action.
        spoken: Called with each voice that was sent completely.

    Attributes:
        tasks: What sends the voices, a task per language so far. Cancelled, they send nothing more.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        perform: Callable[[Action], Awaitable[None]],
        spoken: Callable[[Spoken], None],
    ) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self._behaviour = behaviour
        self._perform = perform
        self._spoken = spoken
        self._stream_ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Queue[_WaitingVoice | None]] = {}

    async def say_early(self, utterance: Utterance, faults: UtteranceFaults) -> None:
        """Send its voices that come before its result, and return when each has begun."""
        for voice in await self._say(utterance, faults, early=True):
            await voice.begun.wait()

    async def say(self, utterance: Utterance, faults: UtteranceFaults) -> None:
        """Send its other voices, after those before it."""
        await self._say(utterance, faults, early=False)

    async def finish(self) -> None:
        """No voice follows: the tasks end after those that wait."""
        for waiting in self._waiting.values():
            await waiting.put(None)

    async def _say(
        self, utterance: Utterance, faults: UtteranceFaults, *, early: bool
    ) -> list[_WaitingVoice]:
        voices = []
        for language in utterance.voiced_languages:
            own = faults.of_voice(language)
            if own.any(NoVoice, NoTranslation) or own.any(EarlyVoice) is not early:
                continue
            voices.append(_WaitingVoice(utterance, own, next(self._stream_ids)))
            await self._queue(language).put(voices[-1])
        return voices

    def _queue(self, language: str) -> asyncio.Queue[_WaitingVoice | None]:
        if language not in self._waiting:
            self._waiting[language] = asyncio.Queue(_MOST_WAITING)
            self.tasks.append(asyncio.create_task(self._speak(language)))
        return self._waiting[language]

    async def _speak(self, language: str) -> None:
        while (voice := await self._waiting[language].get()) is not None:
            utterance = voice.utterance
            samples = in_language(utterance.line.voices, language) or utterance.samples
            for action in voice_actions(samples, language, voice.stream_id, self._behaviour, voice.faults):
                if isinstance(action, VoiceSent):
                    start, end = utterance.start_seconds, utterance.end_seconds
                    self._spoken(Spoken(utterance.line.text, language, action.voice, start, end))
                    continue
                await self._perform(action)
                if isinstance(action, Send) and action.binary:
                    voice.begun.set()
                await asyncio.sleep(0)  # the other languages have their turn
            voice.begun.set()
