"""The speakers of a meeting who are interpreted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from livekit import rtc

from .._fleet.resource_places import Place
from .client_contract import SpeakerState
from .floor import Floor, FreeFloor
from .planner import Person, Plan, Route
from .room import Room
from .speaker import SpeakerInterpreter
from .speaker_input import SpeakerInput
from .voice_choice import VoiceChoice


class Speakers:
    """Keeps an interpreter for each speaker whom somebody wants to hear or to read, and their microphones.

    An interpreter outlives its microphone: what was said before is still heard.

    Args:
        room: The room.
        floor: Decides which audio of a microphone is interpreted.
        interpret: Makes the interpreter of a speaker.
    """

    def __init__(
        self, room: Room, floor: Floor | FreeFloor, interpret: Callable[[str], SpeakerInterpreter]
    ) -> None:
        self._room, self._floor, self._interpret = room, floor, interpret
        self._speakers: dict[str, SpeakerInterpreter] = {}
        self._leaving: set[SpeakerInterpreter] = set()
        self._inputs: dict[str, SpeakerInput] = {}
        self._present: frozenset[str] = frozenset()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def listeners(self) -> dict[Route, frozenset[str]]:
        """Those who hear each route now."""
        return {
            Route(identity, language): route.listeners
            for identity, speaker in self._speakers.items()
            for language, route in speaker.routes.items()
        }

    @property
    def interpretations(self) -> dict[Route, frozenset[str]]:
        """The same, with the languages that are only read: nobody hears them."""
        read = {
            Route(identity, language): frozenset[str]()
            for identity, speaker in self._speakers.items()
            for language in speaker.read_languages
        }
        return read | self.listeners

    @property
    def states(self) -> dict[str, SpeakerState]:
        """What clients are told of each speaker."""
        return {identity: speaker.state for identity, speaker in self._speakers.items()}

    @property
    def open_streams(self) -> int:
        """How many streams to Azure are open."""
        return sum(speaker.open_streams for speaker in self._all())

    @property
    def hearing(self) -> list[str]:
        """The speakers whom a stream hears."""
        return [identity for identity, speaker in self._speakers.items() if speaker.hears]

    @property
    def further_streams(self) -> int:
        """How many streams there are besides those that hear."""
        return sum(speaker.further_streams for speaker in self._all())

    def voice_of(self, identity: str) -> VoiceChoice | None:
        """In which voice a speaker has chosen to be heard; None: they are not interpreted."""
        speaker = self._speakers.get(identity)
        return None if speaker is None else speaker.voice

    def is_spoken(self, route: Route) -> bool:
        """Whether what the speaker says is spoken in this language."""
        speaker = self._speakers.get(route.speaker)
        # Somebody who is still muted will be interpreted from the first word on.
        return speaker is None or speaker.is_interpreted_into(route.language)

    def serve(
        self,
        plan: Plan,
        people: Mapping[str, Person],
        tracks: Mapping[str, Sequence[str]],
        take_place: Callable[[str], Place | None],
    ) -> None:
        """Interpret as planned from the next word on.

        Args:
            plan: The plan of this moment.
            people: Everybody in the room, by identity.
            tracks: The audio tracks of everybody who can be heard.
            take_place: Returns the place where the next stream of a speaker connects, if there is one.
        """
        # First: a speaker without listeners may have speech left to be heard.
        self._listen({identity: tracks[identity] for identity in plan.streams})
        present = frozenset(people)
        come, self._present = present - self._present, present
        for identity in plan.streams:
            if identity not in self._speakers:
                self._speakers[identity] = self._interpret(identity)
        for identity, speaker in list(self._speakers.items()):
            audiences = plan.audiences_of(identity)
            speaker.serve(
                audiences,
                voice=people[identity].voice if identity in people else None,
                active=identity in plan.streams,
                come=come,
                present=present,
                place=take_place(identity),
            )
            if speaker.is_idle or not (audiences or speaker.everyone & present):
                self._let_go(identity)

    async def aclose(self) -> None:
        """Stop at once, and wait for those that end by themselves."""
        inputs, speakers = list(self._inputs.values()), list(self._speakers.values())
        await asyncio.gather(*(one.aclose() for one in inputs))
        await asyncio.gather(*(speaker.aclose() for speaker in speakers), *self._closing)
        self._inputs.clear()
        self._speakers.clear()

    def _all(self) -> list[SpeakerInterpreter]:
        """Those who are interpreted, and those whose interpreters are being closed."""
        return [*self._speakers.values(), *self._leaving]

    def _listen(self, tracks: Mapping[str, Sequence[str]]) -> None:
        for identity in self._inputs.keys() - tracks.keys():
            self._close_soon(self._inputs.pop(identity).aclose())
            self._floor.left(identity)
        for identity, heard in tracks.items():
            if identity not in self._inputs:
                self._inputs[identity] = self._open_input(identity)
            self._inputs[identity].listen_to(heard)

    def _open_input(self, identity: str) -> SpeakerInput:
        def said(frame: rtc.AudioFrame) -> None:
            if (speaker := self._speakers.get(identity)) is not None:
                self._floor.let_through(identity, speaker, frame)

        return SpeakerInput(self._room, said)

    def _let_go(self, identity: str) -> None:
        speaker = self._speakers.pop(identity)
        self._leaving.add(speaker)
        self._close_soon(self._close(speaker))

    async def _close(self, speaker: SpeakerInterpreter) -> None:
        await speaker.aclose()
        self._leaving.discard(speaker)

    def _close_soon(self, closing: Coroutine[Any, Any, None]) -> None:
        """Something ends by itself; `aclose` waits for it."""
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
