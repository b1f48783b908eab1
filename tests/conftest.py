"""How the tests are run; what they share is in `fakes/fixtures.py`."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest

_PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "")
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def pytest_configure(config: pytest.Config) -> None:
    """The process that only hands tests out to others begins without LiveKit, whose import takes seconds."""
    hands_out = getattr(config.option, "dist", "no") != "no" and not _PROCESS
    if not hands_out:
        config.pluginmanager.import_plugin("fakes.fixtures")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, None, None]:
    """Look for garbage neither while the tests are collected nor, later, among them: they stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let each of several processes begin elsewhere: what one has compiled, the others find.

    Side by side each would compile all tests itself, which takes as long as half of the collecting.
    """
    report = yield
    if collector.path == Path(__file__).parent and report.passed and _PROCESS:
        first = int(_PROCESS.removeprefix("gw")) * len(report.result) // _PROCESSES
        report.result = [*report.result[first:], *report.result[:first]]
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Begin with the slow tests: one that begins last leaves the other processes without work.

    In the random order of 150 simulated runs they waited for 7 s on average, and for up to 30 s; 4 s and 13 s
    with the slow ones first.
    """
    items.sort(key=lambda test: str(test.path))  # one order in all processes, which is shuffled now
    yield
    items.sort(key=lambda test: test.get_closest_marker("slow") is None)
