"""At which of several resources the connections of a stream are."""

from __future__ import annotations

from collections import deque

from livekit.agents import APIError

from .._fleet.resource_places import Place, Places


class PlacesOfSTT:
    """The places for the streams of one STT.

    Args:
        places: Those of all STTs that use the same resources.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self._reserved: deque[Place] = deque()

    def reserve(self, place: Place) -> None:
        """The next connection gets this place."""
        self._reserved.append(place)

    async def take(self, seconds: float) -> Place:
        """Take a place, if one was not reserved, within some seconds.

        Raises:
            APIStatusError: All were taken for so long.
        """
        return self._reserved.popleft() if self._reserved else await self.places.take(seconds)

    def close(self) -> None:
        """Give back what was reserved."""
        while self._reserved:
            self._reserved.popleft().release()


class Placement:
    """The places of one stream: a connection takes one, and after a failure the next attempt has another.

    Args:
        places: Where to take places.
        wait_seconds: How long a connection waits for a place.
    """

    def __init__(self, places: PlacesOfSTT, *, wait_seconds: float) -> None:
        self._places = places
        self._wait_seconds = wait_seconds
        self._taken: list[Place] = []
        self._instead: Place | None = None

    async def take(self) -> Place:
        """Take a place for a connection, which gives it back.

        Raises:
            APIStatusError: All were taken for as long as a connection may wait.
        """
        place, self._instead = self._instead, None
        if place is None:
            place = await self._places.take(self._wait_seconds)
        self._taken = [one for one in self._taken if one.has_failed or not one.is_released]
        self._taken.append(place)
        return place

    async def has_another(self) -> bool:
        """Whether a further place is free now; if so, the next connection gets it."""
        try:
            self._instead = await self._places.take(0.0)
        except APIError:
            return False
        return True

    async def goes_on(self, error: APIError) -> bool:
        """An attempt has failed. Returns whether the next one can begin at once, at another resource."""
        taken, self._taken = self._taken, []
        self._instead = await self._places.places.take_instead(taken, error)
        return self._instead is not None

    def close(self) -> None:
        """The stream has ended: give back a place that no connection has taken over."""
        if self._instead is not None:
            self._instead.release()
