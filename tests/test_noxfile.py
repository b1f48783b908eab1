from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")  # nox warns if it is loaded twice
def noxfile() -> ModuleType:
    spec = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Session:
    """A session of `nox -R`: nothing is installed, and commands are run."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, ...]] = []

    def install(self, *packages: str) -> None:
        pass

    def run(self, *command: str) -> None:
        self.commands.append(command)
        if "wheel" in command:
            Path(command[command.index("--wheel-dir") + 1], "the.whl").touch()


class TestArguments:
    @pytest.mark.parametrize("arguments", [[], ["-x", "--lf"], ["-k", "tests"], ["-k", "ledger"]])
    def test_all_tests_are_run_if_none_is_named(self, noxfile: Any, arguments: list[str]) -> None:
        assert noxfile._with_tests(arguments, "tests", str(ROOT)) == [str(ROOT / "tests"), *arguments]

    @pytest.mark.parametrize("within", ["", "::TestArguments", "::TestArguments::test_a[b]"])
    def test_a_test_is_run_alone(self, noxfile: Any, within: str) -> None:
        arguments = ["-x", f"tests/test_noxfile.py{within}", "--lf"]
        expected = ["-x", f"{ROOT / 'tests' / 'test_noxfile.py'}{within}", "--lf"]
        assert noxfile._with_tests(arguments, "tests", str(ROOT)) == expected

    def test_a_test_is_found_from_the_folder_of_the_command(self, noxfile: Any) -> None:
        found = noxfile._with_tests(["test_noxfile.py"], "tests", str(ROOT / "tests"))
        assert found == [str(ROOT / "tests" / "test_noxfile.py")]


class TestInstall:
    def test_the_wheel_of_the_present_sources_replaces_what_is_installed(self, noxfile: Any) -> None:
        session = _Session()
        noxfile._install(session, "pytest")
        build, install = session.commands
        assert str(ROOT) in build
        assert "--force-reinstall" in install
        assert install[-1].endswith("the.whl")
