"""All benchmarks, as a table on the terminal, as `bench.json`, and as a plot.

python -m benchmarks [--quick] [--only cost …] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from . import (
    cascade,
    choices,
    cold_start,
    cost,
    ear,
    languages,
    latency,
    ledger,
    meeting,
    record,
    room_meeting,
    scale,
    simultaneous,
)
from .figures import Result

_BENCHMARKS = {
    "latency": latency.measure,
    "cascade": cascade.measure,
    "cost": cost.measure,
    "choices": choices.measure,
    "scale": scale.measure,
    "languages": languages.measure,
    "meeting": meeting.measure,
    "room_meeting": room_meeting.measure,
    "ledger": ledger.measure,
    "record": record.measure,
    "ear": ear.measure,
    "simultaneous": simultaneous.measure,
    "cold_start": cold_start.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The benchmarks.")
    parser.add_argument("--quick", action="store_true", help="a few minutes, and rough")
    parser.add_argument("--only", action="append", choices=_BENCHMARKS, help="only this one; again for more")
    parser.add_argument("--out", type=Path, default=Path(), help="where bench.json and bench.png go")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    console = Console(width=None if sys.stdout.isatty() else 200)
    results: list[Result] = []
    for name in options.only or _BENCHMARKS:
        began_at = time.monotonic()
        results += _BENCHMARKS[name](quick=options.quick)
        console.print(f"[dim]{time.monotonic() - began_at:5.0f} s  {name}")
        _write(results, options.out / "bench.json", quick=options.quick)
    console.print(_table(results))
    if plotted := [result for result in results if result.series]:
        _plot(plotted, options.out / "bench.png")
    console.print(f"the figures are in {options.out.resolve()}")
    return 0 if all(figure.holds for result in results for figure in result.figures) else 1


def _table(results: list[Result]) -> Table:
    table = Table(title=f"The pair, side by side: {_machine()}")
    columns = (
        ("figure", "left"),
        ("value", "right"),
        ("claimed", "right"),
        ("goal", "right"),
        ("beside", "left"),
    )
    for name, justify in columns:
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for result in results:
        for figure in result.figures:
            sign = "≥" if figure.at_least else "≤"
            wanted = ["" if one is None else f"{sign} {one:g}" for one in (figure.bound, figure.goal)]
            style = "bold red" if not figure.holds else None if figure.reaches_goal else "yellow"
            table.add_row(
                figure.name, f"{figure.value:.2f} {figure.unit}", *wanted, figure.beside, style=style
            )
        table.add_section()
    return table


def _machine() -> str:
    memory_gb = psutil.virtual_memory().total / 1e9
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, {system}"


def _write(results: list[Result], path: Path, *, quick: bool) -> None:
    document = {
        "machine": _machine(),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="minutes"),
        "quick": quick,
        "results": [asdict(result) for result in results],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _plot(plotted: list[Result], path: Path) -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415 - only here, and slow to load

    plt.switch_backend("agg")
    columns = min(3, len(plotted))
    rows = -(-len(plotted) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(6 * columns, 4 * rows), squeeze=False)
    for panel, result in zip(panels.flat, plotted, strict=False):
        for name, points in result.series.items():
            panel.plot(*zip(*points, strict=True), marker="o" if len(points) < 50 else None, label=name)
        panel.set(title=result.title, xlabel=result.axes[0], ylabel=result.axes[1])
        panel.set_ylim(bottom=0)
        if result.title == "ledger":
            panel.set_xscale("log")
        panel.legend()
    for panel in panels.flat[len(plotted) :]:
        panel.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
