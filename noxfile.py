"""The project's checks: `python -m nox` runs lint, types and tests; `python -m nox -l` lists all."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import nox
from python_discovery import get_interpreter

ROOT = Path(__file__).parent
PACKAGE = "livekit_plugins_azure_interpreter"
NAMESPACE = "livekit/plugins"
PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
COVERAGE = nox.project.dependency_groups(PROJECT, "coverage")
DOCS = nox.project.dependency_groups(PROJECT, "docs")
EXAMPLES = nox.project.dependency_groups(PROJECT, "examples")
TEST = nox.project.dependency_groups(PROJECT, "test")

nox.needs_version = ">=2026"
nox.options.sessions = ["lint", "types", "tests"]
# One missing Python is skipped. Were all missing, nothing would run and nox would call it a success.
nox.options.error_on_missing_interpreters = not any(map(get_interpreter, PYTHONS))

_dist = tempfile.TemporaryDirectory()


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Test the wheel on each Python that is found; arguments go to pytest."""
    # Tests wait more than they compute: one process for each core, within reason.
    _pytest(
        session, "tests", "--numprocesses=logical", "--maxprocesses=4", "--dist=loadgroup", *session.posargs
    )


@nox.session
def coverage(session: nox.Session) -> None:
    """Run for each module its own test file alone; that must cover 95 % of its branches, and of its lines."""
    session.install(_wheel(session), *COVERAGE)
    with session.chdir(session.create_tmp()):
        session.run("python", "-m", "own_coverage", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def room(session: nox.Session) -> None:
    """Test in rooms of a real LiveKit server only; the README tells where one is looked for."""
    _pytest(session, "tests/room", *session.posargs)


@nox.session
def closing(session: nox.Session) -> None:
    """Close many processes at every stage of their work; the tests alone do a few."""
    env = {"CLOSING_PROCESSES": os.environ.get("CLOSING_PROCESSES", "50")}
    _pytest(session, "tests/integration/test_closing.py", "--timeout=1800", *session.posargs, env=env)


@nox.session
def faults(session: nox.Session) -> None:
    """Run the fault matrix, beside the official Azure STT; the figures go to faults.json."""
    session.install(_wheel(session), *TEST)
    arguments = session.posargs or ["--out", str(ROOT / "faults.json")]
    with session.chdir(session.create_tmp()):
        session.run("python", "-m", "fault_matrix", *arguments, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def soak(session: nox.Session) -> None:
    """Send an hour of audio through one stream (in half an hour), then open and close 1,000 sessions."""
    session.install(_wheel(session), *TEST, "psutil")
    with session.chdir(session.create_tmp()):
        session.run("python", "-m", "soak", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def bench(session: nox.Session) -> None:
    """Measure latency, cost and scale, side by side with the bare SDK and the official plugin."""
    session.install(_wheel(session), *TEST, "matplotlib", "psutil")
    with session.chdir(session.create_tmp()):
        arguments = ["--out", str(ROOT), *session.posargs]
        session.run("python", "-m", "benchmarks", *arguments, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def live(session: nox.Session) -> None:
    """Speak a sample, or the file in the arguments, to Azure; tell what it answers, and keep the exchange."""
    session.install(".")
    session.run("python", "-m", "live", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation and the API reference to build/docs; a warning is an error."""
    session.install(".", *DOCS)
    arguments = ["--nitpicky", "--fail-on-warning", "--fresh-env", "docs", "build/docs"]
    session.run("python", "-m", "sphinx", *arguments, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly, by mypy and by pyright."""
    session.install("mypy", "nox", "pyright[nodejs]", ".", *EXAMPLES)
    session.run("mypy")
    session.run("pyright")


@nox.session
def demo(session: nox.Session) -> None:
    """Interpret the sample, or the file in the arguments, in this terminal."""
    session.install(".", *EXAMPLES)
    session.run("python", "examples/interpret_file.py", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Build what is published, and check it."""
    dist = Path(session.create_tmp(), "dist")
    session.install("build", "twine")
    session.run("python", "-m", "build", "--outdir", str(dist))
    session.run("twine", "check", "--strict", *map(str, dist.iterdir()))
    (wheel,) = dist.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    if f"{PACKAGE}/py.typed" not in names:
        session.error("The wheel has no py.typed: its types would not be seen.")
    own = (f"{PACKAGE}/", f"{PACKAGE}-", f"{NAMESPACE}/azure_interpreter/")
    if others := [name for name in names if not name.startswith(own)]:
        # An `__init__.py` of a namespace would hide all other LiveKit packages.
        session.error(f"The wheel holds more than the package: {others}")


def _pytest(session: nox.Session, tests: str, *args: str, env: dict[str, str] | None = None) -> None:
    session.install(_wheel(session), *TEST)
    # Away from the source tree, neither a test nor a process that it starts can import it by accident.
    with session.chdir(session.create_tmp()):
        found = session.run("python", "-c", f"import {PACKAGE} as p; print(p.__file__)", silent=True)
        if not Path(str(found).strip()).is_relative_to(session.virtualenv.location):
            session.error(f"Not the installed package: {found}")
        session.run("pytest", "-c", str(ROOT / "pyproject.toml"), str(ROOT / tests), *args, env=env)


def _wheel(session: nox.Session) -> str:
    """The project's wheel, built by the first session that needs it."""
    if not any(Path(_dist.name).iterdir()):
        session.install("build")
        session.run("python", "-m", "build", "--wheel", "--outdir", _dist.name)
    return str(next(Path(_dist.name).iterdir()))
