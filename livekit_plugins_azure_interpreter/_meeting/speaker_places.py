"""Takes a place at an Azure resource for each speaker, before a stream hears them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .._fleet.resource_places import Place, Places

_UNTOLD_SECONDS = 0.5
"""A place that comes within this time is no wait that anybody is told of."""


@dataclass(frozen=True)
class _Asked:
    """A place that a speaker was asked for.

    Attributes:
        told_at: From then on people are told that the speaker waits.
        telling: Calls for that.
    """

    taking: asyncio.Task[Place]
    told_at: float
    telling: asyncio.TimerHandle


class SpeakerPlaces:
    """The places of the speakers of a meeting. Who cannot have one at once waits in a line for it.

    Args:
        places: Where to take them.
        changed: Called when a speaker has got a place, or has begun to wait for long.
    """

    def __init__(self, places: Places, changed: Callable[[], None]) -> None:
        self._places, self._changed = places, changed
        self._asked: dict[str, _Asked] = {}

    def ask(self, speakers: Sequence[str], hearing: Collection[str]) -> frozenset[str]:
        """Have a place for each of these speakers, in this order. Returns those who have one now.

        Args:
            speakers: Those who are to be heard.
            hearing: Those whom a stream hears already.
        """
        wanted = [speaker for speaker in speakers if speaker not in hearing]
        for speaker in self._asked.keys() - set(wanted):
            self._give_up(speaker)
        for speaker in wanted:
            if speaker not in self._asked:
                self._asked[speaker] = self._ask_for_one()
        return frozenset(one for one in speakers if one in hearing or self._asked[one].taking.done())

    def is_waiting(self, speaker: str) -> bool:
        """Whether a speaker has waited for so long that people are told of it."""
        return speaker in self._asked and asyncio.get_running_loop().time() >= self._asked[speaker].told_at

    def hand_over(self, speaker: str) -> Place | None:
        """The place that this speaker has got; the stream gives it back."""
        if speaker not in self._asked or not self._asked[speaker].taking.done():
            return None
        asked = self._asked.pop(speaker)
        asked.telling.cancel()
        return asked.taking.result()

    def close(self) -> None:
        """Nobody needs a place any more."""
        for speaker in list(self._asked):
            self._give_up(speaker)

    def _ask_for_one(self) -> _Asked:
        loop = asyncio.get_running_loop()
        taking = asyncio.create_task(self._places.take(None))
        taking.add_done_callback(lambda _: self._changed())
        told_at = loop.time() + _UNTOLD_SECONDS
        return _Asked(taking, told_at, loop.call_at(told_at, self._changed))

    def _give_up(self, speaker: str) -> None:
        asked = self._asked.pop(speaker)
        asked.telling.cancel()
        if asked.taking.done():
            asked.taking.result().release()
        else:
            asked.taking.cancel()
