"""The fault matrix as a table, and as `faults.json`.

python -m fault_matrix [--out faults.json] [--case NAME …] [--at-once 4]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from . import official
from .cases import CASES, Case
from .outcome import Outcome
from .several_languages import CASES_OF_SEVERAL
from .spoken import interpret

Row = tuple[Case, str, Outcome, Outcome | None]
_OURS = ("spoken", "own voice", "fallback", "cut", "missing s", "lost", "repeated", "order", "swapped")
_THEIRS = ("official: lost", "repeated", "order", "recovery s", "ended by an error")


async def _run(cases: list[Case], at_once: int, console: Console) -> list[Row]:
    turns = asyncio.Semaphore(at_once)

    async def run(case: Case) -> list[Row]:
        async with turns:
            began_at = time.monotonic()
            ours, theirs = await asyncio.gather(interpret(case), _official(case))
            bad = {
                language: outcome for language, outcome in ours.items() if not outcome.holds(case, language)
            }
            console.print(f"[dim]{time.monotonic() - began_at:5.0f} s  {case.name}: {bad or 'as it must be'}")
            return [(case, language, outcome, theirs) for language, outcome in ours.items()]

    return [row for rows in await asyncio.gather(*map(run, cases)) for row in rows]


async def _official(case: Case) -> Outcome | None:
    return await official.recognize(case) if case.official else None


def _table(results: list[Row]) -> Table:
    table = Table(title="Utterances through faults: the pair, and the official Azure STT beside it")
    table.add_column("case")
    table.add_column("language")
    for name in (*_OURS, "recovery s", *_THEIRS):
        table.add_column(name, justify="right")
    for case, language, we, they in results:
        style = None if we.holds(case, language) else "bold red"
        row = [we.spoken, we.own_voice, we.fallback, we.cut, f"{we.missing_seconds:.2f}", we.lost]
        row += [we.repeated, we.out_of_order, we.swapped, f"{we.recovery_seconds:.1f}"]
        if they is not None:
            row += [they.lost, they.repeated, they.out_of_order, f"{they.recovery_seconds:.1f}"]
            row += ["yes" if they.error else "no"]
        table.add_row(case.name, language, *map(str, row), style=style)
    counts = ("spoken", "own_voice", "fallback", "cut")
    total = [sum(getattr(we, name) for _, _, we, _ in results) for name in counts]
    table.add_section()
    table.add_row("all", "", *map(str, total))
    return table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fault_matrix", description="The fault matrix.")
    parser.add_argument("--out", type=Path, default=Path("faults.json"), help="where the figures go")
    parser.add_argument("--case", action="append", help="only cases whose name contains this")
    parser.add_argument("--at-once", type=int, default=4, help="how many cases run at the same time")
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    wanted = [
        case
        for case in (*CASES, *CASES_OF_SEVERAL)
        if not options.case or any(part in case.name for part in options.case)
    ]
    console = Console(width=None if sys.stdout.isatty() else 240)
    results = asyncio.run(_run(wanted, options.at_once, console))
    console.print(_table(results))
    failed = [f"{case.name} ({of})" for case, of, ours, _ in results if not ours.holds(case, of)]
    rows = [
        {
            "case": case.name,
            "language": language,
            "speed": case.speed,
            "holds": ours.holds(case, language),
            "pair": ours.as_json(),
            "official": they.as_json() if they else None,
        }
        for case, language, ours, they in results
    ]
    options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    utterances = sum(ours.spoken for _, _, ours, _ in results)
    console.print(f"{len(wanted)} cases, {utterances} utterances; {options.out}")
    for name in failed:
        console.print(f"[bold red]does not hold: {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
