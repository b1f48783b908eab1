"""A quick part of the fault matrix; `python -m nox -s faults` runs the whole."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
from fakes.limits import LONG_LIMIT_SECONDS, within
from fault_matrix import speech
from fault_matrix.cases import CASES, Case
from fault_matrix.outcome import Outcome
from fault_matrix.several_languages import CASES_OF_SEVERAL, FOUR
from fault_matrix.spoken import interpret

from livekit_plugins_azure_interpreter.emulator import Line, Voice


@pytest.mark.slow
async def test_nothing_is_lost_repeated_swapped_or_out_of_order() -> None:
    """All cases at the same time, because each takes as long as its conversation.

    On a busy machine a voice may still be under way where a case drops the connection, which cuts it. So a
    case that fails among the others must hold alone.
    """
    cases = [case for case in (*CASES, *CASES_OF_SEVERAL) if case.quick]
    outcomes = await within(asyncio.gather(*map(interpret, cases)), LONG_LIMIT_SECONDS)
    failed = {}
    for case, outcome in zip(cases, outcomes, strict=True):
        if not _holds(case, outcome):
            alone = await within(interpret(case), LONG_LIMIT_SECONDS)
            if not _holds(case, alone):
                failed[case.name] = (outcome, alone)
    assert failed == {}


async def test_the_matrix_sees_what_is_lost() -> None:
    """Without the fallback's or its own voice, an utterance would be counted as lost."""
    nothing = replace(CASES[0], count=3, behaviour={"silence_ms": 60_000})
    outcomes = await within(interpret(nothing, patience_seconds=1.0), LONG_LIMIT_SECONDS)
    assert (outcomes["fr"].lost, outcomes["fr"].zeros) == (3, False)


async def test_the_matrix_sees_what_is_lost_in_one_of_several_languages() -> None:
    """A voice of French is no voice of German."""
    case = replace(CASES_OF_SEVERAL[0], count=2, behaviour={"script": _french_in_german})
    outcomes = await within(interpret(case, patience_seconds=1.0), LONG_LIMIT_SECONDS)
    assert {language: outcome.swapped for language, outcome in outcomes.items()} == {
        **dict.fromkeys(("fr", "ja", "es"), 0),
        "de": 2,
    }


def _holds(case: Case, outcomes: Mapping[str, Outcome]) -> bool:
    return all(outcome.holds(case, language) for language, outcome in outcomes.items())


def _french_in_german(samples: Voice) -> Line:
    line = speech.line(speech.hear(samples), 0.3, FOUR)
    return replace(line, voices={**line.voices, "de": line.voices["fr"]})
