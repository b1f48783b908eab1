"""Who may speak: one at a time in consecutive mode, otherwise everybody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from livekit import rtc

from .planner import Route
from .speaker import SpeakerInterpreter
from .turns import Turn, Turns

ATTRIBUTE_TURN = "interpreter.turn"
"""The participant attribute that says whose turn it is: they speak, or their interpretation is heard."""


class FreeFloor:
    """Lets everybody speak at any time; nobody has a turn."""

    attributes: Mapping[str, str] = MappingProxyType({})

    def let_through(self, identity: str, speaker: SpeakerInterpreter, frame: rtc.AudioFrame) -> None:
        """Have the next audio of somebody's microphone interpreted."""
        speaker.push(frame)

    def sounds(self, route: Route, is_heard: bool) -> None:
        """An interpretation begins to be heard, or is over, while others may speak."""

    def left(self, speaker: str) -> None:
        """A speaker is muted, or has gone; they have held up nobody."""


class Floor:
    """Lets through the microphones that count; from the others, it lets through silence.

    Args:
        changed: Called when `attributes` may have changed.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._turns = Turns()
        self._now = asyncio.get_running_loop().time
        self._told: Turn | None = None

    @property
    def attributes(self) -> dict[str, str]:
        """The participant attributes that tell whose turn it is; none if the floor is free."""
        turn = self._turns.turn(self._now())
        return {} if turn is None else {ATTRIBUTE_TURN: json.dumps(vars(turn), separators=(",", ":"))}

    def let_through(self, identity: str, speaker: SpeakerInterpreter, frame: rtc.AudioFrame) -> None:
        """Have the next audio of somebody's microphone interpreted, or silence while they have to wait."""
        may_speak = self._turns.may_speak(
            identity, self._now(), is_speaking=speaker.is_speaking, has_begun=speaker.has_begun
        )
        speaker.push(frame if may_speak else _silence_like(frame))
        self._tell()

    def sounds(self, route: Route, is_heard: bool) -> None:
        """An interpretation begins to be heard, or is over."""
        (self._turns.began if is_heard else self._turns.ended)(route, self._now())
        self._tell()

    def left(self, speaker: str) -> None:
        """A speaker is muted, or has gone."""
        self._turns.left(speaker, self._now())
        self._tell()

    def _tell(self) -> None:
        if (turn := self._turns.turn(self._now())) != self._told:
            self._told = turn
            self._changed()


def _silence_like(frame: rtc.AudioFrame) -> rtc.AudioFrame:
    size = 2 * frame.samples_per_channel * frame.num_channels
    return rtc.AudioFrame(bytes(size), frame.sample_rate, frame.num_channels, frame.samples_per_channel)
