"""Takes a place at an Azure resource for each speaker, before a stream hears them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from .._fleet.resource_places import Place, Places

_UNTOLD_SECONDS = 0.5
"""A place that comes within this time is no wait that anybody is told of."""


class SpeakerPlaces:
    """The places of the speakers of a meeting. Who cannot have one at once waits in a line for it.

    Args:
        places: Where to take them.
        changed: Called when a speaker has got a place, or has begun to wait for long.
    """

    def __init__(self, places: Places, changed: Callable[[], None]) -> None:
        self._places, self._changed = places, changed
        self._asked: dict[str, asyncio.Task[Place]] = {}
        self._asked_at: dict[str, float] = {}

    def ask(self, speakers: Sequence[str], hearing: Collection[str]) -> frozenset[str]:
        """Have a place for each of these speakers, in this order. Returns those who have one now.

        Args:
            speakers: Those who are to be heard.
            hearing: Those whom a stream hears already.
        """
        wanted = [speaker for speaker in speakers if speaker not in hearing]
        for speaker in self._asked.keys() - set(wanted):
            self._give_up(speaker)
        loop = asyncio.get_running_loop()
        for speaker in wanted:
            if speaker not in self._asked:
                asking = self._asked[speaker] = asyncio.create_task(self._places.take(None))
                asking.add_done_callback(lambda _: self._changed())
                self._asked_at[speaker] = loop.time()
                loop.call_later(_UNTOLD_SECONDS, self._changed)
        return frozenset(one for one in speakers if one in hearing or self._asked[one].done())

    def is_waiting(self, speaker: str) -> bool:
        """Whether a speaker has waited for so long that people are told of it."""
        asked_at = self._asked_at.get(speaker)
        return asked_at is not None and asyncio.get_running_loop().time() >= asked_at + _UNTOLD_SECONDS

    def hand_over(self, speaker: str) -> Place | None:
        """The place that this speaker has got; the stream gives it back."""
        if speaker not in self._asked or not self._asked[speaker].done():
            return None
        del self._asked_at[speaker]
        return self._asked.pop(speaker).result()

    def close(self) -> None:
        """Nobody needs a place any more."""
        for speaker in list(self._asked):
            self._give_up(speaker)

    def _give_up(self, speaker: str) -> None:
        del self._asked_at[speaker]
        asking = self._asked.pop(speaker)
        if asking.done():
            asking.result().release()
        else:
            asking.cancel()
