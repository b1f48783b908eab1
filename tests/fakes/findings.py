"""A check of many places that tells all that it found, whole."""

from __future__ import annotations

from collections.abc import Iterable


def assert_none(findings: Iterable[object]) -> None:
    """Fail with each finding on a line of its own."""
    found = [str(one) for one in findings]
    assert not found, "\n".join(["", *found])
