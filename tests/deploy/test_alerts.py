"""The alerts of deploy/prometheus are those of docs/operations.md, and each is tested by promtool."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml
from fakes.prometheus_server import FOLDER, program
from fakes.worker_process import ROOT

_RULES = yaml.safe_load((FOLDER / "rules.yaml").read_text())
_ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in _RULES["groups"][0]["rules"]}
_ROW = re.compile(r"^\| (\w+) \| `(.+?)`(?: for (\w+))? \| .+ \|$", re.MULTILINE)


def test_the_page_and_the_rules_have_the_same_alerts() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    page = page[page.index("## What to alert on") :]
    on_the_page = [(name, when.replace(r"\|", "|"), holds) for name, when, holds in _ROW.findall(page)]
    in_the_rules = [
        (name, " ".join(rule["expr"].split()), rule.get("for", "")) for name, rule in _ALERTS.items()
    ]
    assert on_the_page == in_the_rules


def test_the_rules_pass_their_tests() -> None:
    command = [program("promtool"), "test", "rules", "rules_test.yaml"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_in_a_test_of_its_own() -> None:
    tests = yaml.safe_load((FOLDER / "rules_test.yaml").read_text())["tests"]
    cases = [case for test in tests for case in test["promql_expr_test"]]
    expected = " ".join(sample["labels"] for case in cases for sample in case["exp_samples"])
    assert set(re.findall(r'alertname="(\w+)"', expected)) == set(_ALERTS)


@pytest.mark.parametrize("name", _ALERTS)
def test_an_alert_says_how_urgent_it_is_and_what_it_means(name: str) -> None:
    assert _ALERTS[name]["labels"]["severity"] in ("page", "ticket")
    assert _ALERTS[name]["annotations"]["summary"]
