"""The metrics of Azure's resources."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.fixtures import Until
from prometheus_client import REGISTRY
from resilience.resource_metrics import ShownResources, forget_ended_jobs, watch_resources

from livekit_plugins_azure_interpreter import Resource, ResourceState, SpeechResources

_STATE = ResourceState("shown", "recognition", 3, 100, None, {"quota": 2}, 1)


def shown(metric: str, name: str = "shown", **labels: str) -> float | None:
    return REGISTRY.get_sample_value(
        f"interpreter_resource_{metric}", {"resource": name, "use": "recognition", **labels}
    )


def test_states_are_gauges_and_what_happened_are_counters() -> None:
    resources = ShownResources()
    resources.show([_STATE])
    assert (shown("open_streams"), shown("max_streams"), shown("resting")) == (3, 100, 0)
    assert (shown("refusals_total", reason="quota"), shown("refusals_total", reason="outage")) == (2, 0)
    resources.show(
        [replace(_STATE, open_streams=1, resting_until=9e9, refusals={"quota": 5}, moved_streams=4)]
    )
    assert (shown("open_streams"), shown("resting")) == (1, 1)
    assert (shown("refusals_total", reason="quota"), shown("moved_total")) == (5, 4)


async def test_the_states_of_resources_are_shown_until_the_process_ends(until: Until) -> None:
    watched = SpeechResources([Resource(speech_key="a", speech_region="westeurope", name="watched")])
    watching = asyncio.create_task(watch_resources(watched))
    await until(lambda: shown("max_streams", "watched") == 100)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert shown("open_streams", "watched") == 0


def test_the_gauges_of_a_process_that_was_killed_go_and_its_counters_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    kept = [f"gauge_livesum_{os.getpid()}.db", f"counter_{ended.pid}.db", f"gauge_mostrecent_{ended.pid}.db"]
    for name in (*kept, f"gauge_livesum_{ended.pid}.db", f"gauge_livemax_{ended.pid}.db"):
        (tmp_path / name).touch()
    forget_ended_jobs()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
