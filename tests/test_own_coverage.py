"""The measure of coverage finds the tests of each module, and the modules that need none."""

from __future__ import annotations

import pytest
from own_coverage import TESTS, Covered, Path, own_tests_of, without_tests


class TestTestFile:
    @pytest.mark.parametrize(
        ("module", "tests"),
        [
            ("stt.py", "test_stt.py"),
            ("_livekit_private.py", "test_livekit_private.py"),
            ("_voices/ledger.py", "voices/test_ledger.py"),
            ("__init__.py", "test_package.py"),
            ("_voices/__init__.py", "voices/test_package.py"),
            ("emulator/__main__.py", "emulator/test_main.py"),
        ],
    )
    def test_tests_mirror_the_package(self, module: str, tests: str) -> None:
        assert own_tests_of(Path(module)) == TESTS / tests


class TestWithoutTests:
    def _covered(self, source: str) -> Covered:
        return without_tests("names.py", source, TESTS / "test_names.py")

    @pytest.mark.parametrize(
        "source",
        [
            '"""A docstring."""',
            'from .ledger import Ledger\n__all__ = ["Ledger"]',
            "class Voice:\n    samples: bytes",
            'class Room(Protocol):\n    def leave(self) -> None:\n        """Leave."""',
            "class Room(Protocol):\n    async def leave(self) -> None: ...",
        ],
        ids=["docstring", "names", "data", "described method", "method"],
    )
    def test_a_module_that_does_nothing_is_covered(self, source: str) -> None:
        assert self._covered(source).reaches(100.0)

    @pytest.mark.parametrize(
        "source",
        [
            "def two() -> int:\n    return 2",
            "class Room:\n    async def leave(self) -> None:\n        self.left = True",
        ],
        ids=["function", "method"],
    )
    def test_a_module_that_does_something_is_not_covered(self, source: str) -> None:
        covered = self._covered(source)
        assert not covered.reaches(1.0)
        assert covered.failure == "tests/test_names.py does not exist\n"


class TestCovered:
    @pytest.mark.parametrize(("branches", "lines"), [(94.9, 100.0), (100.0, 94.9)], ids=["branches", "lines"])
    def test_a_module_reaches_only_what_both_its_lines_and_branches_reach(
        self, branches: float, lines: float
    ) -> None:
        assert not Covered("stt.py", branches, lines).reaches(95.0)

    def test_a_module_reaches_what_both_have(self) -> None:
        assert Covered("stt.py", 95.0, 95.0).reaches(95.0)
