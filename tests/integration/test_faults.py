"""A quick part of the fault matrix; `python -m nox -s faults` runs the whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fault_matrix.cases import CASES
from fault_matrix.interpreted import interpret


@pytest.mark.timeout(120)
async def test_nothing_is_lost_repeated_swapped_or_out_of_order() -> None:
    """All cases at the same time: each takes as long as its conversation."""
    cases = [case for case in CASES if case.quick]
    outcomes = await asyncio.wait_for(asyncio.gather(*map(interpret, cases)), 100)
    failed = {
        case.name: outcome for case, outcome in zip(cases, outcomes, strict=True) if not outcome.holds(case)
    }
    assert failed == {}


async def test_the_matrix_sees_what_is_lost() -> None:
    """Without the fallback's or its own voice, an utterance would be counted as lost."""
    nothing = replace(CASES[0], count=3, behaviour={"silence_ms": 60_000})
    outcome = await asyncio.wait_for(interpret(nothing, patience_seconds=1.0), 60)
    assert (outcome.lost, outcome.zeros) == (3, False)
