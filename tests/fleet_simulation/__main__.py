"""A day of a company's meetings, what was checked, and what one more meeting costs, as tables.

python -m fleet_simulation [--seed 1] [--meetings 2000] [--faults 1.0]
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
from collections.abc import Sequence

from .checks import ALONE_SECONDS
from .growth import measure
from .optimum import cost
from .script import draw
from .simulation import CHECKS, Outcome, Setup, simulate

MOST_EXCESS = 0.03
_FLEETS = (100, 500, 2000)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fleet_simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--meetings", type=int, default=2000)
    parser.add_argument("--faults", type=float, default=1.0, help="a multiple of those of a usual day")
    options = parser.parse_args(arguments)
    logging.getLogger("livekit.plugins.azure_interpreter").setLevel(logging.CRITICAL)  # thousands of failures
    setup = Setup()
    outcome = simulate(draw(options.seed, meetings=options.meetings, faults=options.faults), setup)
    print(day_table(outcome))
    print()
    print(growth_table(setup))
    for name, problems in outcome.problems.items():
        print(f"\n{name}: {len(problems)}, e.g. {problems[:5]}")
    return bool(outcome.problems)


def day_table(outcome: Outcome) -> str:
    seconds = sorted(one.seconds for one in outcome.alone) or [0.0]
    found = cost(outcome.resources, outcome.usage)
    ninth = statistics.quantiles(seconds, n=1000, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    rows = [
        ("meetings; jobs", f"{len(outcome.script.meetings):,}; {outcome.jobs:,}"),
        ("what failed", ", ".join(f"{kind} {times}" for kind, times in sorted(outcome.faults.items()))),
        ("without an interpreter for more than 10 s", str(len(outcome.problems.get("alone", ())))),
        (
            "the same, as LiveKit asked frozen workers twice",
            str(sum(one.is_too_long and one.is_excused for one in outcome.alone)),
        ),
        (
            "times without one; the median, 99.9 % and longest",
            f"{len(seconds):,}; {statistics.median(seconds):.1f} s, {ninth:.1f} s, {seconds[-1]:.1f} s "
            f"(the limit is {ALONE_SECONDS:.0f} s)",
        ),
        ("asked for more than the quota", str(len(outcome.problems.get("quota", ())))),
        ("the same while Redis was away or had lost leases", str(outcome.excused)),
        (
            "entries confirmed; lost or doubled after that",
            f"{outcome.entries:,}; {len(outcome.problems.get('record', ()))}",
        ),
        (
            "utterances; not recorded (said as something failed); recorded twice",
            f"{outcome.utterances:,}; {outcome.utterances_lost}; {outcome.utterances_twice}",
        ),
        (
            "hours of streams; at another region's resource",
            f"{found.stream_hours:,.0f}; {found.far_hours:,.0f}",
        ),
        (
            "cost above the optimum",
            f"{100 * found.excess:.2f} % (the limit is {100 * MOST_EXCESS:.0f} %); "
            f"of the parts above the lowest price alone, {100 * found.excess_above_price:.0f} %",
        ),
        (
            "other errors",
            str(sum(len(outcome.problems.get(one, ())) for one in outcome.problems.keys() - CHECKS)),
        ),
        ("CPU of the simulation", f"{outcome.cpu_seconds:.0f} s"),
    ]
    return "\n".join(["| a day | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def growth_table(setup: Setup) -> str:
    lines = [
        "| meetings at once | workers | `most_rooms` | requests of all watches, per second | per meeting "
        "| CPU of a look | Redis operations of a stream, per second | CPU of a place (2 minutes) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for meetings in _FLEETS:
        for most_rooms in (setup.most_rooms, 100):
            one = measure(meetings, most_rooms=most_rooms)
            lines.append(
                f"| {one.meetings:,} | {one.workers} | {most_rooms} | {one.requests:,.0f} "
                f"| {one.requests / one.meetings:.1f} | {one.look_ms:.1f} ms | {one.operations:.2f} "
                f"| {one.place_ms:.1f} ms |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
