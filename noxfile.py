"""The project's checks: `python -m nox` runs lint, types and tests; `python -m nox -l` lists all."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import nox
from python_discovery import get_interpreter

ROOT = Path(__file__).parent
PACKAGE = "livekit_plugins_azure_interpreter"
NAMESPACE = "livekit/plugins"
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
BUILD = PROJECT["build-system"]["requires"]
COVERAGE = nox.project.dependency_groups(PROJECT, "coverage")
DEPLOY = nox.project.dependency_groups(PROJECT, "deploy")
DOCS = nox.project.dependency_groups(PROJECT, "docs")
EXAMPLES = nox.project.dependency_groups(PROJECT, "examples")
PLOT = nox.project.dependency_groups(PROJECT, "plot")
TEST = nox.project.dependency_groups(PROJECT, "test")
VOICE_LIVE = nox.project.dependency_groups(PROJECT, "voice-live")
WEB = PROJECT["project"]["optional-dependencies"]["web"]

nox.needs_version = ">=2026"
nox.options.sessions = ["lint", "types", "tests"]
# One missing Python is skipped. Were all missing, nothing would run and nox would call it a success.
nox.options.error_on_missing_interpreters = not any(map(get_interpreter, PYTHONS))

NEXT = ["azure-cognitiveservices-speech", "livekit-agents", "livekit-plugins-azure", "livekit-plugins-silero"]
"""What `next` tests the newest pre-releases of."""
JAVA_SDK = "com.microsoft.cognitiveservices.speech:client-sdk:1.50.0"
PIPECAT = "pipecat-ai[azure]>=1.14"
"""Clients of Azure Speech, which `clients` tries on the emulator."""
NO_BROWSER = ("-m", "not browser")
"""A browser and a server take minutes: `browser` tests with them."""
PARALLEL = ("--numprocesses=6", "--dist=worksteal")
"""Tests wait more than they compute: also two cores are quicker with six processes."""
_TAKE_A_VALUE = {"-W", "-c", "-k", "-m", "-n", "-o", "-p"}
"""The short options of pytest whose value is the next argument."""
_END_SECONDS = 30.0
_dist = tempfile.TemporaryDirectory()


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Test the wheel on each Python that is found; arguments go to pytest, and may name tests."""
    _pytest(session, "tests", *PARALLEL, *NO_BROWSER)


@nox.session
def nightly(session: nox.Session) -> None:
    """Draw many more schedules and meetings than the tests do, and close and kill more processes."""
    more = {
        "SCHEDULES": "5000",
        "MEETINGS": "1000",
        "CLOSING_PROCESSES": "50",
        "EXAMPLES": "20000",
        "KILLS": "200",
        "FLEETS": "50",
        "UTTERANCES": "60",
    }
    env = {name: os.environ.get(name, value) for name, value in more.items()}
    killed = " ".join(
        f"tests/integration/test_{name}.py" for name in ("closing", "killed_recordings", "killed_webhooks")
    )
    drawn = " ".join(
        (
            "tests/fleet/test_rounds.py",
            "tests/recognition/test_cut_elsewhere.py",
            "tests/simultaneous/test_policy.py",
            "tests/voices",
        )
    )
    spoken = "tests/integration/test_simultaneous.py"
    files = f"tests/test_schedules.py tests/test_meetings.py tests/test_fleet.py {killed} {drawn} {spoken}"
    _pytest(session, files, *PARALLEL, "--timeout=1800", env=env)


@nox.session
def unit(session: nox.Session) -> None:
    """Run what needs neither the native SDK nor a server, in a minute: what to run all the time."""
    sealed = ["-p", "sealed", "--disable-socket", "--allow-unix-socket"]  # event loops need the latter
    # Random cases by the hundred take longer than all the rest: `tests` runs them.
    others = (
        "browser",
        "deploy",
        "examples",
        "integration",
        "room",
        "test_fleet.py",
        "test_meetings.py",
        "test_schedules.py",
    )
    away = [f"--ignore={ROOT / 'tests' / other}" for other in others]
    parallel = ["--numprocesses=3", "--dist=worksteal"]
    env = {"PYTHONPATH": str(ROOT / "tests")}
    _pytest(session, "tests", *sealed, *away, *parallel, "-m", "not native and not slow", env=env)


@nox.session(name="next")
def on_pre_releases(session: nox.Session) -> None:
    """Test on the newest pre-releases of LiveKit Agents and the Azure SDK; what broke is listed. May fail."""
    _pytest(session, "tests", *PARALLEL, *NO_BROWSER, pre_releases=NEXT)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run for each module its own test file alone; that must cover 95 % of its branches, and of its lines."""
    _install(session, *COVERAGE)
    with session.chdir(session.create_tmp()):
        session.run("python", "-m", "own_coverage", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def room(session: nox.Session) -> None:
    """Test in rooms of a real LiveKit server only; CONTRIBUTING.md says where one is looked for."""
    _pytest(session, "tests/room")


@nox.session
def browser(session: nox.Session) -> None:
    """Test the page of a meeting in Chromium; BROWSER_SCREENSHOTS keeps pictures of it."""
    _pytest(session, "tests/browser")


@nox.session
def closing(session: nox.Session) -> None:
    """Close many processes at every stage of their work; the tests alone do a few."""
    env = {"CLOSING_PROCESSES": os.environ.get("CLOSING_PROCESSES", "50")}
    _pytest(session, "tests/integration/test_closing.py", "--timeout=1800", env=env)


@nox.session
def faults(session: nox.Session) -> None:
    """Run the fault matrix, beside the official Azure STT; the figures go to faults.json."""
    _install(session, *TEST)
    arguments = session.posargs or ["--out", str(ROOT / "faults.json")]
    with session.chdir(session.create_tmp()):
        session.run("python", "-m", "fault_matrix", *arguments, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def soak(session: nox.Session) -> None:
    """Send an hour of audio through one stream (in half an hour), then open and close 1,000 sessions."""
    _install(session, *TEST, "psutil")
    with session.chdir(session.create_tmp()):
        session.run("python", "-m", "soak", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def hostile(session: nox.Session) -> None:
    """Send damaged messages and odd sockets to the emulator, while it serves a client that means well."""
    _install(session, *TEST, "psutil")
    with session.chdir(session.create_tmp()):
        session.run("python", "-m", "hostile", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def bench(session: nox.Session) -> None:
    """Measure latency, cost and scale, side by side with the bare SDK and the official plugin."""
    _install(session, *TEST, *PLOT, "psutil")
    with session.chdir(session.create_tmp()):
        arguments = ["--out", str(ROOT), *session.posargs]
        session.run("python", "-m", "benchmarks", *arguments, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def clients(session: nox.Session) -> None:
    """Test the emulator with clients in several languages, which npm, Maven and pip install."""
    folder = Path(session.create_tmp()).resolve()  # the tests run elsewhere
    install = {
        "SPEECH_SDK_JAVASCRIPT": (_install_javascript_sdk, ("npm", "node")),
        "SPEECH_SDK_JAVA": (_install_java_sdk, ("mvn", "javac", "java")),
        "SPEECH_CLIENT_PIPECAT": (_install_pipecat, ()),
    }
    env: dict[str, str] = {}
    for variable, (install_client, programs) in install.items():
        if missing := [program for program in programs if shutil.which(program) is None]:
            session.warn(f"{variable} stays empty: {', '.join(missing)} is not installed")
            continue
        env[variable] = str(folder / variable.lower())
        install_client(session, env[variable])
    _pytest(session, "tests/emulator/clients", env=env)


def _install_javascript_sdk(session: nox.Session, folder: str) -> None:
    Path(folder).mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests" / "emulator" / "clients" / "javascript" / "package.json", folder)
    quietly = ("--no-package-lock", "--no-audit", "--no-fund")
    session.run("npm", "install", *quietly, "--prefix", folder, external=True)


def _install_java_sdk(session: nox.Session, folder: str) -> None:
    copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
    where = (f"-Dartifact={JAVA_SDK}", f"-DoutputDirectory={folder}", "-Dmdep.stripVersion=true")
    session.run("mvn", "--quiet", "--batch-mode", copy, *where, external=True)


def _install_pipecat(session: nox.Session, folder: str) -> None:
    # Apart from the tests: its dependencies may be other versions than theirs.
    session.run("python", "-m", "venv", folder)
    python = Path(folder, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    session.run(str(python), "-m", "pip", "install", "--quiet", PIPECAT, external=True)


@nox.session
def live(session: nox.Session) -> None:
    """Speak a sample, or the file in the arguments, to Azure; tell what it answers, and keep the exchange."""
    _install(session)
    folders = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "examples")])
    session.run("python", "-m", "live", *session.posargs, env={"PYTHONPATH": folders})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation to build/docs (a warning is an error), run its code and check its links."""
    _install(session, *DOCS)
    arguments = ["--nitpicky", "--fail-on-warning", "--fresh-env", "docs", "build/docs"]
    session.run("python", "-m", "sphinx", *arguments)
    _pytest(session, "tests/test_documentation.py tests/integration/test_documented_code.py")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly, by mypy and by pyright."""
    needed = ("mypy", "nox", "pyright[nodejs]", "pytest>=8.3", "redis>=5", "types-psutil")
    _install(session, *needed, *DEPLOY, *EXAMPLES, *PLOT, *VOICE_LIVE, *WEB)
    session.run("mypy")
    session.run("pyright")


@nox.session
def demo(session: nox.Session) -> None:
    """Interpret the sample, or the file in the arguments, in this terminal."""
    _install(session, *EXAMPLES, *(PLOT if "--plot" in session.posargs else []))
    session.run("python", "examples/interpret_file.py", *session.posargs)


@nox.session
def meeting(session: nox.Session) -> None:
    """Start a meeting that people join with a browser, and all that it needs, until Ctrl-C."""
    _install(session, *WEB)
    # By default nox kills after half a second, and Ctrl-C takes some seconds to end all.
    command = ("python", "-m", f"{PACKAGE}.web", *session.posargs)
    session.run(*command, interrupt_timeout=_END_SECONDS, terminate_timeout=_END_SECONDS)


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
    own = (f"{PACKAGE}/", f"{PACKAGE}-", f"{NAMESPACE}/azure_interpreter/", "pytest_azure_speech.py")
    if others := [name for name in names if not name.startswith(own)]:
        # An `__init__.py` of a namespace would hide all other LiveKit packages.
        session.error(f"The wheel holds more than the package: {others}")


def _pytest(
    session: nox.Session,
    tests: str,
    *options: str,
    env: dict[str, str] | None = None,
    pre_releases: Sequence[str] = (),
) -> None:
    """Run these tests, or those of them that the session's arguments name.

    Args:
        pre_releases: Packages of which the newest pre-release is tested, whatever the project permits.
    """
    _install(session, *TEST)
    if pre_releases:
        session.run("python", "-m", "pip", "install", "--quiet", "--pre", "--upgrade", *pre_releases)
        session.run("python", "-m", "pip", "list")
    arguments = [*options, *_with_tests(session.posargs, tests, session.invoked_from)]
    # Away from the source tree, neither a test nor a process that it starts can import it by accident.
    with session.chdir(session.create_tmp()):
        found = session.run("python", "-c", f"import {PACKAGE} as p; print(p.__file__)", silent=True)
        if not Path(str(found).strip()).is_relative_to(session.virtualenv.location):
            session.error(f"Not the installed package: {found}")
        # Else each process, also those that tests start, compiles the package and the tests again.
        env = {"PYTHONDONTWRITEBYTECODE": "", **(env or {})}
        session.run("pytest", "-c", str(ROOT / "pyproject.toml"), *arguments, env=env)


def _with_tests(arguments: Sequence[str], default: str, folder: str) -> list[str]:
    """The arguments for pytest, wherever it is started; with no test among them, those of `default` are run.

    Args:
        default: Files or folders, with blanks between them.
        folder: What the paths in `arguments` are relative to.
    """
    found = [
        None if before in _TAKE_A_VALUE else _test(argument, folder)
        for before, argument in zip(["", *arguments], arguments, strict=False)
    ]
    if not any(found):
        return [*(str(ROOT / name) for name in default.split()), *arguments]
    return [test or argument for test, argument in zip(found, arguments, strict=True)]


def _test(argument: str, folder: str) -> str | None:
    """The test or the folder of tests that an argument names, with its whole path."""
    path, *of_file = argument.partition("::")
    named = Path(folder, path)
    return str(named.resolve()) + "".join(of_file) if path and named.exists() else None


def _install(session: nox.Session, *dependencies: str) -> None:
    """Install the project as it is now, with what else is needed.

    pip leaves a wheel alone whose version is installed, and `nox -R` installs nothing: so the wheel is put
    in the place of whatever is there.
    """
    session.install("pip", *BUILD)
    wheel = _wheel(session)
    session.install(wheel, *dependencies)
    session.run("python", "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel)


def _wheel(session: nox.Session) -> str:
    """The project's wheel, built by the first session that needs it."""
    if not any(Path(_dist.name).iterdir()):
        built_here = ["--no-deps", "--no-build-isolation", "--wheel-dir", _dist.name]
        session.run("python", "-m", "pip", "wheel", "--quiet", *built_here, str(ROOT))
    return str(next(Path(_dist.name).iterdir()))
