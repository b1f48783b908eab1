"""How much of each module its own test file covers: `python -m own_coverage [MODULE ...]`.

A module is covered where its own tests would notice: what other tests happen to run does not count.
`_voices/ledger.py` is tested by voices/test_ledger.py, and a package's `__init__.py` by its test_package.py.
A module without a function that does something (names, data, types) needs no tests: an import runs all of it.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import livekit_plugins_azure_interpreter

TESTS = Path(__file__).parent
CONFIG = TESTS.parent / "pyproject.toml"
PACKAGE = Path(livekit_plugins_azure_interpreter.__file__).parent
LIMIT_SECONDS = 300.0
_FAILURE_LETTERS = 2000


@dataclass(frozen=True)
class Covered:
    """What the tests of a module run of it.

    Attributes:
        module: Its path within the package.
        branches: The percentage of its branches; 100 where there are none.
        lines: The percentage of its lines.
        missing: The lines that are not run, and the branches (from->to).
        failure: Why nothing was measured: what the tests said as they failed, or that there are none.
    """

    module: str
    branches: float = 0.0
    lines: float = 0.0
    missing: str = ""
    failure: str = ""

    def row(self, percent: float) -> str:
        mark = " " if self.reaches(percent) else "✗"
        remark = "not measured" if self.failure else self.missing
        return f"{mark} {self.module:28}{self.branches:6.1f}{self.lines:8.1f}  {remark}".rstrip()

    def reaches(self, percent: float) -> bool:
        return min(self.branches, self.lines) >= percent


def main() -> int:
    modules = {str(path.relative_to(PACKAGE).with_suffix("")): path for path in sorted(PACKAGE.rglob("*.py"))}
    parser = argparse.ArgumentParser(prog="own_coverage", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as _voices/ledger")
    parser.add_argument("--at-least", type=float, default=95.0, metavar="PERCENT")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="test files at once")
    given = parser.parse_args()
    if unknown := set(given.modules) - set(modules):
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    print(f"  {'% of':28}{'branches':>6}{'lines':>6}  not run", flush=True)
    results: list[Covered] = []
    with ThreadPoolExecutor(given.jobs) as pool:
        for result in pool.map(_measure, (modules[name] for name in given.modules or modules)):
            print(result.failure + result.row(given.at_least), flush=True)
            results.append(result)
    reached = [result for result in results if result.reaches(given.at_least)]
    print(f"{len(reached)} of {len(results)} modules reach {given.at_least:g} % by their own tests.")
    return 0 if len(reached) == len(results) else 1


def _measure(module: Path) -> Covered:
    name = str(module.relative_to(PACKAGE))
    own_tests = own_tests_of(module.relative_to(PACKAGE))
    if not own_tests.is_file():
        return without_tests(name, module.read_text(encoding="utf-8"), own_tests)
    with tempfile.TemporaryDirectory() as scratch:
        config = [f"--rcfile={CONFIG}", f"--data-file={scratch}/coverage"]
        include = f"--include={module}"
        plugins = ["-p", "traced_callbacks", "-p", "no:cacheprovider"]
        tests = ["-m", "pytest", "-c", str(CONFIG), "-q", *plugins, str(own_tests)]
        ran = _coverage("run", *config, include, *tests)
        if ran.returncode:
            return Covered(name, failure=ran.stdout[-_FAILURE_LETTERS:] + ran.stderr[-_FAILURE_LETTERS:])
        _coverage("combine", *config, "--quiet").check_returncode()
        report = _coverage("json", *config, include, "--quiet", "-o", "-")
        report.check_returncode()
    (file,) = json.loads(report.stdout)["files"].values()
    summary = file["summary"]
    branches = [f"{start}->{to}" for start, to in file["missing_branches"]]
    return Covered(
        name,
        _percent(summary["covered_branches"], summary["num_branches"]),
        _percent(summary["covered_lines"], summary["num_statements"]),
        " ".join([*map(str, file["missing_lines"]), *branches]),
    )


def own_tests_of(module: Path) -> Path:
    """The test file of a module, which need not exist.

    Args:
        module: Its path within the package.
    """
    folder = TESTS.joinpath(*(part.strip("_") for part in module.parent.parts))
    stem = "package" if module.name == "__init__.py" else module.stem.strip("_")
    return folder / f"test_{stem}.py"


def without_tests(name: str, source: str, missing: Path) -> Covered:
    """What is covered of a module without a test file: all of it if it does nothing, or nothing.

    Args:
        name: The module's path within the package.
        source: Its text.
        missing: The test file that does not exist.
    """
    if not does_something(source):
        return Covered(name, branches=100.0, lines=100.0)
    return Covered(name, failure=f"{missing.relative_to(TESTS.parent)} does not exist\n")


def does_something(source: str) -> bool:
    """Whether a module has a function with more than a docstring and `...`, which no import runs."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(
        not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, functions)
        for statement in node.body
    )


def _coverage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "coverage", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 100.0


if __name__ == "__main__":
    sys.exit(main())
