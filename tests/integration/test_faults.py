"""A quick part of the fault matrix; `python -m nox -s faults` runs the whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fault_matrix.cases import CASES
from fault_matrix.interpreted import interpret
from fault_matrix.outcome import Outcome

_QUICK = {case.name: case for case in CASES if case.quick}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """All cases, at the same time: each takes as long as its conversation."""

    async def interpret_all() -> list[Outcome]:
        return await asyncio.wait_for(asyncio.gather(*map(interpret, _QUICK.values())), 100)

    return dict(zip(_QUICK, asyncio.run(interpret_all()), strict=True))


@pytest.mark.xdist_group("matrix")  # one process runs the cases, once
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", _QUICK)
def test_nothing_is_lost_repeated_swapped_or_out_of_order(outcomes: dict[str, Outcome], name: str) -> None:
    assert outcomes[name].holds(_QUICK[name]), outcomes[name]


async def test_the_matrix_sees_what_is_lost() -> None:
    """Without the fallback's or its own voice, an utterance would be counted as lost."""
    nothing = replace(CASES[0], count=3, behaviour={"silence_ms": 60_000})
    outcome = await asyncio.wait_for(interpret(nothing, patience_seconds=1.0), 60)
    assert (outcome.lost, outcome.zeros) == (3, False)
