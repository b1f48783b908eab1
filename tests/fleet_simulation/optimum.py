"""What a day's streams cost, and the least that they can cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .azure import FakeResource, Usage
from .script import REGIONS

SLOT_SECONDS = 60.0
_HOUR = 3600.0


@dataclass(frozen=True)
class Cost:
    """In the price of an hour of a stream at the cheapest resource.

    Attributes:
        paid: What the day has cost.
        least: No choice of resources can cost less.
        stream_hours: Of all streams together.
        far_hours: Those at a resource of another region.
        lowest_price: What all these hours would cost at the lowest price, without any distance.
    """

    paid: float
    least: float
    stream_hours: float
    far_hours: float
    lowest_price: float

    @property
    def excess(self) -> float:
        """How much more than the least was paid, as a part of it."""
        return self.paid / self.least - 1.0 if self.least else 0.0

    @property
    def excess_above_price(self) -> float:
        """The same, for what distances and higher prices cost: a stricter measure."""
        least = self.least - self.lowest_price
        return (self.paid - self.lowest_price) / least - 1.0 if least > 1e-6 * self.least else 0.0


def cost(resources: Sequence[FakeResource], usage: Sequence[Usage]) -> Cost:
    """Compare a day with its optimum.

    The optimum serves the same streams at the same times, and moves each of them to any resource at any
    moment, in parts, for nothing: no real choice can be better. In each minute it is a transport problem: the
    streams of each region, on average over the minute, at resources that have `max_streams`. The least cost
    is a convex function of the streams, so the cost of the average is not more than the average of the costs:
    this, too, only lowers the optimum. That resources refuse or are away, it ignores.
    """
    if not usage:
        return Cost(0.0, 0.0, 0.0, 0.0, 0.0)
    used = _hours(resources, usage)
    costs = np.array([[one.cost(region) for one in resources] for region in REGIONS])
    is_far = np.array([[one.region != region for one in resources] for region in REGIONS])
    return Cost(
        paid=float((used * costs).sum()),
        least=_least(used.sum(axis=2), costs, [one.max_streams for one in resources]),
        stream_hours=float(used.sum()),
        far_hours=float((used * is_far).sum()),
        lowest_price=float(used.sum() * costs.min()),
    )


def _hours(resources: Sequence[FakeResource], usage: Sequence[Usage]) -> np.ndarray:
    """The hours of streams by slot, region and resource."""
    begins_at = usage[0].at
    slots = int((usage[-1].at - begins_at) // SLOT_SECONDS) + 1
    used = np.zeros((slots, len(REGIONS), len(resources)))
    numbers = {one.name: at for at, one in enumerate(resources)}
    # A change at some time counts for the rest of its slot, and for all later slots.
    changes = np.zeros_like(used)
    for one in usage:
        slot, into = divmod(one.at - begins_at, SLOT_SECONDS)
        where = int(slot), REGIONS.index(one.region), numbers[one.resource]
        used[where] += one.change * (SLOT_SECONDS - into)
        changes[where] += one.change
    open_before = np.cumsum(changes, axis=0) - changes
    return np.maximum(used + open_before * SLOT_SECONDS, 0.0) / _HOUR


def _least(demand: np.ndarray, costs: np.ndarray, max_streams: Sequence[int]) -> float:
    """The solution of one linear program for all slots.

    Args:
        demand: Hours by slot and region.
        costs: Of an hour, by region and resource.
        max_streams: Of each resource.
    """
    import scipy.optimize  # noqa: PLC0415 - half a second, which those need not spend who only collect tests
    import scipy.sparse  # noqa: PLC0415

    slots, regions = demand.shape
    resources = len(max_streams)
    most = np.array(max_streams) * SLOT_SECONDS / _HOUR
    served = scipy.sparse.kron(scipy.sparse.eye(slots * regions), np.ones((1, resources)))
    held = scipy.sparse.kron(
        scipy.sparse.eye(slots), scipy.sparse.kron(np.ones((1, regions)), scipy.sparse.eye(resources))
    )
    solution = scipy.optimize.linprog(
        np.tile(costs.ravel(), slots),
        A_ub=held.tocsr(),
        b_ub=np.tile(most, slots),
        A_eq=served.tocsr(),
        b_eq=demand.ravel(),
        method="highs",
    )
    if solution.status != 0:
        raise ValueError(f"the optimum was not found: {solution.message}")
    return float(solution.fun)
