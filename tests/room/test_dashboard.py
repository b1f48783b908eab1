"""Each query of the dashboard has a result in a real Prometheus, which scrapes `deploy/worker.py` at work."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.compose import services
from fakes.prometheus_server import Prometheus
from fakes.redis_server import RedisServer
from fakes.worker_process import DEPLOYED, ROOT, WorkerProcess

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice

from .speech import recorded, sentences, silence

_DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_text())
_QUERIES = {
    f"{panel['title']}, {target['refId']}": target["expr"]
    for panel in _DASHBOARD["panels"]
    for target in panel.get("targets", [])
}
_NAMES = re.compile(r"\b(?:interpreter|lk_agents)_[a-z_]+")
_RATE_INTERVAL = "1m"
"""What Grafana puts in the place of $__rate_interval: four scrapes at least."""
_TRACK = "roomio_audio"
_LINES = [
    Line("Heard.", translations={"fr": "Entendu."}, voices={"fr": Voice(recorded("french_1.wav"))}),
    Line("Without its voice.", translations={"fr": "Sans voix."}, voiced=False),
    Line("Not translated.", translated=False),
]


@pytest.fixture
async def worker(server: Any, redis_server: RedisServer) -> AsyncIterator[WorkerProcess]:
    async with Emulator(Behaviour(script=_LINES)) as first, Emulator() as second:
        worker = await WorkerProcess.start(
            [DEPLOYED],
            {
                **server.environment,
                "AZURE_SPEECH_KEY": "any",
                "AZURE_SPEECH_ENDPOINT": first.endpoint,
                "BACKUP_SPEECH_KEY": "any",
                "BACKUP_SPEECH_ENDPOINT": second.endpoint,
                "LIVEKIT_INFERENCE_URL": "http://127.0.0.1:9/v1",
                "REDIS_URL": redis_server.url,
            },
        )
        yield worker
        await worker.aclose()


@pytest.fixture
async def prometheus(worker: WorkerProcess, tmp_path: Path) -> AsyncIterator[Prometheus]:
    variables = dict.fromkeys(("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "NODE_IP"), "any")
    variables |= dict.fromkeys(("LIVEKIT_PUBLIC_URL", "GRAFANA_PASSWORD"), "any")
    command = services(variables)["prometheus"]["command"]
    jobs = {"worker": worker.metrics_address, "livekit": "127.0.0.1:9"}
    prometheus = Prometheus(tmp_path, command, jobs)
    await worker.until_logged("Prometheus metrics exposed")
    await prometheus.start()
    yield prometheus
    await prometheus.aclose()


@pytest.mark.slow
async def test_each_query_has_a_result_after_some_utterances(
    prometheus: Prometheus, worker: WorkerProcess, meeting: Any
) -> None:
    await worker.until_logged("registered worker")
    alice = await meeting.join("alice", microphone=True)
    await alice.ear(_TRACK)
    # The first scrapes see the counters at 0, so that they increase.
    await prometheus.until('interpreter_utterances_total{translated="yes"}')
    for _ in _LINES:
        await alice.say(sentences()[1] + silence(1.5))
    await prometheus.until('interpreter_utterances_total{translated="no"} > 0')
    await prometheus.until("sum(interpreter_outcomes_total) >= 3")
    await prometheus.until('sum(increase(interpreter_outcomes_total{outcome!="not_spoken"}[1m])) > 0')
    empty = [
        name
        for name, query in _QUERIES.items()
        if not await prometheus.query(query.replace("$__rate_interval", _RATE_INTERVAL))
    ]
    assert empty == []
    await _rules_are_healthy(prometheus)
    await _the_adapter_finds_the_load(prometheus)


async def _rules_are_healthy(prometheus: Prometheus) -> None:
    (group,) = (await prometheus.get("rules"))["groups"]
    assert len(group["rules"]) == 15
    assert {rule["health"] for rule in group["rules"]} <= {"ok", "unknown"}
    # Nothing in deploy/ asks for a metric that is not there.
    asked = set(_NAMES.findall(" ".join([*_QUERIES.values(), *(rule["query"] for rule in group["rules"])])))
    there = set(await prometheus.get("label/__name__/values"))
    assert asked - there == set()


async def _the_adapter_finds_the_load(prometheus: Prometheus) -> None:
    values = ROOT / "deploy" / "kubernetes" / "prometheus-adapter-values.yaml"
    (rule,) = yaml.safe_load(values.read_text())["rules"]["custom"]
    pieces = {"<<.Series>>": "lk_agents_worker_load", "<<.LabelMatchers>>": "", "<<.GroupBy>>": "instance"}
    query = rule["metricsQuery"]
    for piece, value in pieces.items():
        query = query.replace(piece, value)
    (load,) = await prometheus.query(query)
    assert 0 < float(load["value"][1]) <= 1


def test_the_dashboard_names_each_panel_once_and_only_alerts_that_exist() -> None:
    titles = [panel["title"] for panel in _DASHBOARD["panels"]]
    assert len(titles) == len(set(titles))
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yaml").read_text())
    alerts = {rule["alert"] for rule in rules["groups"][0]["rules"]}
    told = {
        name
        for panel in _DASHBOARD["panels"]
        for name in re.findall(r"Alert: (\w+)", panel.get("description", ""))
    }
    assert told <= alerts


def test_the_dashboard_and_its_provisioning_name_the_same_source_and_the_same_folder() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())["datasources"]
    used = {panel["datasource"]["uid"] for panel in _DASHBOARD["panels"] if "datasource" in panel}
    assert used == {source["uid"]}
    (provider,) = yaml.safe_load((folder / "dashboards" / "dashboards.yaml").read_text())["providers"]
    compose = (ROOT / "deploy" / "compose.yaml").read_text()
    assert f"{provider['options']['path']}/dashboard.json" in compose
