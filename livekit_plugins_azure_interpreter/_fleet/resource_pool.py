"""Which resource gets the next stream. Pure: time is an argument, in seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .resource_reports import RefusalReason

FIRST_REST_SECONDS: dict[RefusalReason, float] = {"outage": 5.0, "quota": 10.0, "rejected": 60.0}
LONGEST_REST_SECONDS = 300.0
"""Each refusal of a resource that has rested doubles its rest, up to this."""


@dataclass(eq=False)
class Seat:
    """A place at a resource that is taken.

    Attributes:
        index: Of the resource.
        is_probe: Its stream tries a resource that has rested.
        is_left: It was given back.
    """

    index: int
    is_probe: bool = False
    is_left: bool = False


@dataclass
class PooledResource:
    """One resource, as far as the choice needs it.

    Attributes:
        max_streams: How many places it has.
        open_streams: How many of them are taken.
        resting_until: It gets no stream before; None: it does not rest. After that, one stream tries it.
        rests: How often it has rested since it served last.
        probe: The stream that tries it.
        refusals: How often it refused, by the reason.
        moved_streams: How many streams left it.
    """

    max_streams: int
    open_streams: int = 0
    resting_until: float | None = None
    rests: int = 0
    probe: Seat | None = None
    refusals: Counter[RefusalReason] = field(default_factory=Counter)
    moved_streams: int = 0

    def serves(self, now: float) -> bool:
        """Whether it may get a stream now, if it has a place: it does not rest, or is to be tried again."""
        return self.resting_until is None or (self.resting_until <= now and self.probe is None)

    def has_place(self, share: int | None) -> bool:
        """Whether a place is free, in the own share or in all."""
        most = self.max_streams if share is None else min(share, self.max_streams)
        return self.open_streams < most


class ResourcePool:
    """The places of this process at several resources, the nearest resource first.

    Args:
        max_streams: How many places each resource has.
    """

    def __init__(self, max_streams: Sequence[int]) -> None:
        self.resources = [PooledResource(most) for most in max_streams]

    def choices(self, now: float, *, share: int | None = None, resting_too: bool = False) -> list[int]:
        """The resources with a free place for another stream, the best one first.

        Args:
            now: The time.
            share: How many places of each resource may be taken; None: all.
            resting_too: If all rest, name those, too, in the order in which they return.
        """
        serving = [index for index, one in enumerate(self.resources) if one.serves(now)]
        if not serving and resting_too:
            serving = sorted(
                range(len(self.resources)), key=lambda one: self.resources[one].resting_until or 0
            )
        return [index for index in serving if self.resources[index].has_place(share)]

    def take(self, index: int) -> Seat:
        """Take a place. Give it back with `leave`."""
        resource, seat = self.resources[index], Seat(index)
        resource.open_streams += 1
        if resource.resting_until is not None and resource.probe is None:
            seat.is_probe, resource.probe = True, seat
        return seat

    def leave(self, seat: Seat) -> bool:
        """Give a place back. Returns whether it was not given back before."""
        if seat.is_left:
            return False
        seat.is_left = True
        resource = self.resources[seat.index]
        resource.open_streams -= 1
        if resource.probe is seat:
            resource.probe = None
        return True

    def refused(self, seat: Seat, reason: RefusalReason, now: float) -> float:
        """The resource refused or lost a stream. Returns how long it rests for that; 0: it rests already."""
        resource = self.resources[seat.index]
        resource.refusals[reason] += 1
        is_news = seat.is_probe and resource.probe in (seat, None)
        if resource.resting_until is not None and not is_news:
            # Streams that fail together are one failure.
            return 0.0
        seconds = min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS[reason] * 2.0**resource.rests)
        resource.rests += 1
        resource.resting_until = now + seconds
        resource.probe = None
        return seconds

    def served(self, seat: Seat) -> bool:
        """The resource serves a stream. Returns whether that ends its rest."""
        resource = self.resources[seat.index]
        if resource.probe is not seat:
            return False
        resource.probe, resource.resting_until, resource.rests = None, None, 0
        return True

    def moved(self, seat: Seat) -> None:
        """The stream goes on at another resource."""
        self.resources[seat.index].moved_streams += 1
