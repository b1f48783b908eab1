"""The modes of matching, and the ways between them."""

from __future__ import annotations

import itertools

import pytest

from livekit_plugins_azure_interpreter._voices.held_voice import Voice
from livekit_plugins_azure_interpreter._voices.modes import (
    NEXT,
    Ahead,
    Ambiguous,
    Finding,
    IllegalFinding,
    InDoubt,
    InStep,
    Mode,
    following,
)

VOICE = Voice(None, 0.0)
MODES: list[Mode] = [InStep(), Ahead((VOICE,)), Ambiguous((VOICE,)), InDoubt(1.0)]
EVERY = list(itertools.product(MODES, Finding, MODES))
LEGAL = [
    (mode, finding, then) for mode, finding, then in EVERY if NEXT.get((type(mode), finding)) is type(then)
]


@pytest.mark.parametrize(("mode", "finding", "then"), LEGAL)
def test_a_finding_in_the_table_leads_on(mode: Mode, finding: Finding, then: Mode) -> None:
    assert following(mode, finding, then) is then


def test_a_finding_that_is_not_in_the_table_is_refused() -> None:
    illegal = [way for way in EVERY if way not in LEGAL]
    assert illegal
    for mode, finding, then in illegal:
        with pytest.raises(IllegalFinding, match=finding.name):
            following(mode, finding, then)


def test_every_mode_can_be_reached_and_left() -> None:
    reached = {then for (mode, _), then in NEXT.items() if then is not mode}
    left = {mode for (mode, _), then in NEXT.items() if then is not mode}
    assert reached == left == {type(mode) for mode in MODES}


def test_a_cut_leads_every_mode_back_into_step() -> None:
    assert {NEXT[type(mode), Finding.CUT] for mode in MODES} == {InStep}
