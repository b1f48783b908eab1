"""What a benchmark found: figures, some with a bound, and series for the plot."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One figure.

    Args:
        bound: The most (or, if `at_least`, the least) that it may be: what the documentation claims.
        goal: What it should be, and is not claimed to be.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = False
    beside: str = ""
    goal: float | None = None

    @property
    def holds(self) -> bool:
        """What is claimed is true."""
        return self._reaches(self.bound)

    @property
    def reaches_goal(self) -> bool:
        return self._reaches(self.goal)

    def _reaches(self, wanted: float | None) -> bool:
        if wanted is None:
            return True
        return self.value >= wanted if self.at_least else self.value <= wanted


@dataclass
class Result:
    """The figures of one benchmark; `series` are points (x, y) by panel and line, for the plot."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    axes: tuple[str, str] = ("", "")


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


def p90(values: Sequence[float]) -> float:
    return sorted(values)[int(0.9 * (len(values) - 1))] if values else float("nan")


def p99(values: Sequence[float]) -> float:
    return sorted(values)[int(0.99 * (len(values) - 1))] if values else float("nan")


def distribution(values: Sequence[float], points: int = 100) -> list[tuple[float, float]]:
    """The share of values that are at most so large, for a plot."""
    ordered = sorted(values)
    at = [round(share * (len(ordered) - 1) / points) for share in range(points + 1)] if ordered else []
    return [(ordered[index], index / max(1, len(ordered) - 1)) for index in at]
