"""The synthesizers of a TTS: at one resource, or at several."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from livekit.agents import APIError

from .._fleet.resource_places import Place, Places
from .._sdk.synthesis import OpenSynthesizer, Synthesis
from .._sdk.synthesizer_pool import SynthesizerPool
from ..credentials import Credentials
from ..options import SpeakingOptions

_ALTERNATIVE_SECONDS = 3.0
"""How long a resource may take to speak if another one can serve."""


class Synthesizers:
    """One pool of connected synthesizers for each resource.

    Args:
        open_synthesizer: Makes a synthesizer.
        options: The options of every text.
        places: The places at several resources, whose credentials are used instead of those of the options.
    """

    def __init__(
        self, open_synthesizer: OpenSynthesizer, options: SpeakingOptions, places: Places | None = None
    ) -> None:
        self._places = places
        all_options = [options]
        if places is not None:
            all_options = [replace(options, credentials=one) for one in places.credentials]
        self._pools = [(one.credentials, SynthesizerPool(open_synthesizer, one)) for one in all_options]

    def warm(self) -> None:
        """Connect ahead of the next text, at the resource that will most likely speak it."""
        _, pool = self._pools[0 if self._places is None else self._places.nearest()]
        pool.warm()

    def for_text(self, timeout_seconds: float) -> TextSynthesizers:
        """The synthesizers of one text.

        Args:
            timeout_seconds: How long a place, a first sound and each further one may take.
        """
        return TextSynthesizers(self._pools, self._places, timeout_seconds)

    async def aclose(self) -> None:
        """Close all at once."""
        await asyncio.gather(*(pool.aclose() for _, pool in self._pools))


class TextSynthesizers:
    """The synthesizers that speak one text, one after another.

    At several resources, a place is held while a text is spoken, not while a connection is kept for the next
    one: Azure counts the requests.

    Attributes:
        timeout_seconds: How long the next sound may take.
    """

    def __init__(
        self,
        pools: Sequence[tuple[Credentials, SynthesizerPool]],
        places: Places | None,
        timeout_seconds: float,
    ) -> None:
        self._pools, self._places = pools, places
        self._wait_seconds = timeout_seconds
        self.timeout_seconds = timeout_seconds
        self._place: Place | None = None
        self._instead: Place | None = None

    @property
    def is_renewable(self) -> bool:
        """New credentials can be got after Azure refused the old ones."""
        return self._pools[self._index][0].renewable

    @property
    def _index(self) -> int:
        return 0 if self._place is None else self._place.seat.index

    async def take(self) -> Synthesis:
        """Take one to speak with; return it with `give_back`.

        Raises:
            APIConnectionError: The TTS was closed.
            APIStatusError: All places were taken for too long.
        """
        if self._places is not None:
            self._place, self._instead = self._instead, None
            if self._place is None:
                self._place = await self._places.take(self._wait_seconds)
            alternative = _ALTERNATIVE_SECONDS if self._place.has_alternative else self._wait_seconds
            self.timeout_seconds = min(alternative, self._wait_seconds)
        try:
            return self._pools[self._index][1].take()
        except APIError:
            self.close()
            raise

    def give_back(self, synthesis: Synthesis) -> None:
        """Return one after speaking."""
        self._pools[self._index][1].give_back(synthesis)
        self.close()

    def served(self) -> None:
        """Azure speaks."""
        if self._place is not None:
            self._place.served()

    async def goes_on(self, error: APIError) -> bool:
        """The last one has failed. Returns whether the text can go on at once, at another resource."""
        if self._places is None or self._place is None:
            return False
        self._place.failed()
        self._instead = await self._places.take_instead([self._place], error)
        return self._instead is not None

    def close(self) -> None:
        """Give back the place."""
        for place in (self._place, self._instead):
            if place is not None:
                place.release()
