"""A quick part of the fault matrix; `python -m nox -s faults` runs the whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fakes.limits import LONG_LIMIT_SECONDS, within
from fault_matrix.cases import CASES
from fault_matrix.interpreted import interpret


async def test_nothing_is_lost_repeated_swapped_or_out_of_order() -> None:
    """All cases at the same time, because each takes as long as its conversation.

    On a busy machine a voice may still be under way where a case drops the connection, which cuts it. So a
    case that fails among the others must hold alone.
    """
    cases = [case for case in CASES if case.quick]
    outcomes = await within(asyncio.gather(*map(interpret, cases)), LONG_LIMIT_SECONDS)
    failed = {}
    for case, outcome in zip(cases, outcomes, strict=True):
        if not outcome.holds(case):
            alone = await within(interpret(case), LONG_LIMIT_SECONDS)
            if not alone.holds(case):
                failed[case.name] = (outcome, alone)
    assert failed == {}


async def test_the_matrix_sees_what_is_lost() -> None:
    """Without the fallback's or its own voice, an utterance would be counted as lost."""
    nothing = replace(CASES[0], count=3, behaviour={"silence_ms": 60_000})
    outcome = await within(interpret(nothing, patience_seconds=1.0), LONG_LIMIT_SECONDS)
    assert (outcome.lost, outcome.zeros) == (3, False)
