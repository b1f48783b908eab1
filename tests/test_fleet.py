"""A fleet of workers in virtual time, drawn from seeds; `tests/fleet_simulation` says what is simulated.

`FLEET_SEED=17 pytest tests/test_fleet.py` runs one seed alone, and `FLEETS=100` as many; `nox -s nightly`
runs more than the tests do. `python -m fleet_simulation` runs a whole day of a company.
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace

import pytest
from fleet_simulation.__main__ import MOST_EXCESS, day_table
from fleet_simulation.azure import FakeResource, Usage
from fleet_simulation.growth import measure
from fleet_simulation.optimum import cost
from fleet_simulation.script import Fault, Script, draw
from fleet_simulation.simulation import Setup, simulate

FLEETS = int(os.environ.get("FLEETS", "1"))
ONE_SEED = os.environ.get("FLEET_SEED")
SEEDS = range(FLEETS) if ONE_SEED is None else [int(ONE_SEED)]
BUSY = Setup(most_jobs=4, most_rooms=8, max_streams=4)
"""Small enough to be full now and then."""


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "livekit.plugins.azure_interpreter")  # all that fails is logged


def _hour(seed: int, *, faults: float = 0.15, meetings: int = 8) -> Script:
    """Some minutes in which as many meetings begin, and as much fails as on much of a day."""
    return draw(seed, meetings=meetings, faults=faults, hours=(14.0, 14.3))


def _sees(problem: str, setup: Setup, words: str = "", *, faults: float = 0.15) -> bool:
    """Whether a fleet that is set up wrongly is found out, in one of some hours: by chance one goes well."""
    outcomes = (simulate(_hour(seed, faults=faults, meetings=4), setup) for seed in range(1, 13))
    return any(words in told for outcome in outcomes for told in outcome.problems.get(problem, ()))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_fleet_in_which_much_fails_keeps_its_promises(seed: int) -> None:
    outcome = simulate(_hour(seed), BUSY)
    assert outcome.problems == {}
    assert outcome.faults.total() > 10
    assert outcome.entries > outcome.utterances / 2
    assert "| utterances; " in day_table(outcome)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fleet_in_which_nothing_fails_costs_hardly_more_than_the_optimum(seed: int) -> None:
    """Where much fails, streams go farther, and within an hour that can be any part of the cost."""
    outcome = simulate(_hour(seed, faults=0.0, meetings=4), BUSY)
    assert cost(outcome.resources, outcome.usage).excess <= MOST_EXCESS / 3


def test_looks_that_see_nothing_change_nothing() -> None:
    """They are left out, as days of them would take hours."""
    script = _hour(1, faults=0.1, meetings=1)
    always, otherwise = (
        simulate(script, Setup(workers=8, most_rooms=16, always_looks=always_looks))
        for always_looks in (True, False)
    )
    assert always.problems == otherwise.problems == {}
    assert always.requests["rooms"] > 3 * otherwise.requests["rooms"]


def test_a_fleet_without_a_watch_leaves_a_meeting_alone() -> None:
    assert _sees("alone", Setup(workers=12, watches=False))


def test_a_fleet_that_does_not_count_together_is_over_its_quota() -> None:
    assert _sees("quota", Setup(workers=12, max_streams=3, counts_over_fleet=False), faults=0.0)


def test_a_process_that_takes_more_than_its_share_while_redis_is_away_is_seen() -> None:
    script = _hour(1, faults=0.0, meetings=2)
    away = Fault(script.starts_at + 600.0, "Redis away", "eastus", 0.0, 300.0)
    outcome = simulate(replace(script, faults=(away,)), Setup(workers=12, share=0, keeps_to_share=False))
    assert any("while Redis was away" in one for one in outcome.problems["quota"])


def test_a_record_that_loses_what_it_has_confirmed_is_seen() -> None:
    assert _sees("record", Setup(workers=12, forgets=True), "are not kept", faults=0.0)


def test_interpreters_that_do_not_give_way_record_everything_twice() -> None:
    """Where LiveKit's server was restarted, the interpreter returns, and another one has been asked for."""
    script = _hour(1, faults=0.0, meetings=2)
    restarts = tuple(
        Fault(script.starts_at + minute * 60.0, "LiveKit restarted", meeting.region, 0.0, 0.0)
        for minute in range(3, 16)
        for meeting in script.meetings
    )
    outcome = simulate(replace(script, faults=restarts), Setup(workers=12, gives_way=False))
    assert any("was recorded 2 times" in one for one in outcome.problems["record"])


def test_resources_in_any_order_cost_more_than_allowed() -> None:
    outcome = simulate(_hour(1, faults=0.0, meetings=4), Setup(workers=12, prefers_near=False))
    assert cost(outcome.resources, outcome.usage).excess > MOST_EXCESS


def test_the_optimum_is_what_a_hand_computes() -> None:
    near = FakeResource("near", "westeurope", 1.0, 1)
    far = FakeResource("far", "eastus", 1.0, 9)
    usage = [Usage(0.0, "westeurope", "far", 1), Usage(0.0, "westeurope", "far", 1)]
    usage += [one._replace(at=3600.0, change=-1) for one in usage]
    found = cost([near, far], usage)
    assert found.stream_hours == found.far_hours == pytest.approx(2.0)
    assert found.paid == pytest.approx(2.24)
    assert found.least == pytest.approx(2.12)


def test_a_further_meeting_costs_no_more_in_a_larger_fleet() -> None:
    small, large = (measure(meetings, most_rooms=28) for meetings in (100, 400))
    assert large.requests / large.meetings < 1.5 * small.requests / small.meetings
    assert large.operations < 1.2 * small.operations
