"""docs/operations.md names the metrics as they are exported."""

from __future__ import annotations

import re

from fakes.worker_process import ROOT
from livekit.agents.telemetry import metrics as livekit_metrics
from prometheus_client import Counter, Gauge, Histogram
from resilience import metrics, resource_metrics

_SUFFIXES = {Counter: ("_total",), Gauge: ("",), Histogram: ("_bucket", "_sum", "_count", "")}
_TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def exported(*modules: object) -> set[str]:
    """The names under which metrics are at the endpoint; a histogram also by its own."""
    return {
        family.name + suffix
        for module in modules
        for metric in vars(module).values()
        if type(metric) in _SUFFIXES
        for family in metric.describe()
        for suffix in _SUFFIXES[type(metric)]
    }


def test_every_metric_that_it_names_is_exported() -> None:
    named = set(re.findall(r"\b(?:interpreter|lk_agents)_[a-z_]+", _TEXT))
    assert named
    assert named <= exported(metrics, resource_metrics, livekit_metrics)


def test_the_page_tells_what_to_do_with_every_counter_of_the_pair() -> None:
    for counter in (metrics.UTTERANCES, metrics.VOICES_LOST, metrics.TAKEN_OFF, metrics.CALLS):
        (family,) = counter.describe()
        assert f"{family.name}_total" in _TEXT
