"""The manifests have the form of Kubernetes, and fit together."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from fakes.webhook_receiver import SECRET
from fakes.worker_process import DOCKERFILE, ROOT

_FOLDER = ROOT / "deploy" / "kubernetes"
_VERSION = "1.33"
"""Old enough for most clusters."""
_NOT_APPLIED = {"kustomization.yaml", "prometheus-adapter-values.yaml"}
_OBJECTS: list[dict[str, Any]] = [
    one
    for path in sorted(_FOLDER.glob("*.yaml"))
    if path.name not in _NOT_APPLIED
    for one in yaml.safe_load_all(path.read_text())
]


def _of(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in _OBJECTS if one["kind"] == kind}


_DEPLOYMENTS = _of("Deployment")
_CRON_JOBS = {name: one["spec"]["jobTemplate"] for name, one in _of("CronJob").items()}
_OURS = _DEPLOYMENTS | _CRON_JOBS
_ALL = _OURS | _of("StatefulSet")


def _pod(workload: dict[str, Any]) -> dict[str, Any]:
    return dict(workload["spec"]["template"]["spec"])


def _secret() -> dict[str, str]:
    """Also what is commented out."""
    text = (_FOLDER / "secret.example.yaml").read_text()
    return dict(yaml.safe_load(re.sub(r"(?m)^  # (?=[A-Z_]+:)", "  ", text))["stringData"])


def _settings() -> dict[str, str]:
    """Also what is commented out."""
    text = (_FOLDER / "settings.yaml").read_text()
    return dict(yaml.safe_load(re.sub(r"(?m)^  # (?=[A-Z_]+:)", "  ", text))["data"])


@pytest.mark.parametrize("manifest", _OBJECTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_a_manifest_has_the_form_of_kubernetes(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, _VERSION, strict=True)


def test_kustomize_takes_all_manifests_but_the_secret() -> None:
    names = {path.name for path in _FOLDER.glob("*.yaml")} - _NOT_APPLIED - {"secret.example.yaml"}
    assert set(yaml.safe_load((_FOLDER / "kustomization.yaml").read_text())["resources"]) == names


def test_kustomize_builds_what_is_applied(tmp_path: Path) -> None:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("there is no kubectl on PATH")
    command = [program, "kustomize", str(_FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    built = list(yaml.safe_load_all(done.stdout))
    assert len(built) == len(_OBJECTS) - 1  # without the secret
    for one in built:
        kubernetes_validate.validate(one, _VERSION, strict=True)
        assert one["metadata"]["namespace"] == "interpreter"
        assert one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "interpreter"


@pytest.mark.parametrize("workload", _ALL.values(), ids=_ALL)
def test_a_pod_has_no_rights_that_it_does_not_need(workload: dict[str, Any]) -> None:
    pod = _pod(workload)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "resources" in container
    if workload not in _CRON_JOBS.values():
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


@pytest.mark.parametrize("workload", _OURS.values(), ids=_OURS)
def test_a_pod_starts_a_program_of_the_image_with_the_settings_and_the_secret(
    workload: dict[str, Any],
) -> None:
    (container,) = _pod(workload)["containers"]
    program, script = container["command"][:2]
    assert program == "python"
    assert script == "-m" or (ROOT / script.removeprefix("/worker/")).exists()
    assert "COPY deploy/ /worker/deploy/" in DOCKERFILE.read_text()
    sources = {next(iter(one)): next(iter(one.values()))["name"] for one in container["envFrom"]}
    assert sources["configMapRef"] in _of("ConfigMap")
    assert sources["secretRef"] in _of("Secret")


def test_the_worker_has_longer_to_drain_than_it_takes() -> None:
    grace = _pod(_DEPLOYMENTS["interpreter-worker"])["terminationGracePeriodSeconds"]
    assert grace > int(_of("ConfigMap")["interpreter"]["data"]["DRAIN_SECONDS"])


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "NetworkPolicy"])
def test_a_selector_of_pods_finds_some(kind: str) -> None:
    for name, one in _of(kind).items():
        spec = one["spec"]
        selector = spec.get("selector", spec.get("podSelector"))
        wanted = selector.get("matchLabels", selector)
        labels = _ALL[name]["spec"]["template"]["metadata"]["labels"]
        assert wanted.items() <= labels.items()


def test_each_deployment_has_a_disruption_budget() -> None:
    assert set(_of("PodDisruptionBudget")) == set(_DEPLOYMENTS)


def test_each_pod_has_a_network_policy_and_those_that_use_redis_reach_it() -> None:
    policies = _of("NetworkPolicy")
    assert set(policies) == set(_ALL)
    (rule,) = policies["redis"]["spec"]["ingress"]
    (let_in,) = rule["from"][0]["podSelector"]["matchExpressions"]
    assert set(let_in["values"]) == set(_OURS)
    for name in _OURS:
        targets = [one for rule in policies[name]["spec"]["egress"] for one in rule.get("to", [])]
        assert {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "redis"}}} in targets


def test_redis_keeps_its_data_and_is_where_the_settings_say() -> None:
    (container,) = _pod(_of("StatefulSet")["redis"])["containers"]
    assert container["command"][:3] == ["redis-server", "--appendonly", "yes"]
    (port,) = _of("Service")["redis"]["spec"]["ports"]
    assert _settings()["REDIS_URL"] == f"redis://redis:{port['port']}/0"


def test_the_webhooks_that_are_left_are_delivered_by_a_command_that_exists(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (container,) = _pod(_CRON_JOBS["interpreter-webhooks"])["containers"]
    values = _settings() | _secret() | {"WEBHOOK_SECRET": SECRET, "RECORD_URL": "redis://127.0.0.1:9"}
    python, option, module, *subcommand = container["command"]
    assert (python, option) == ("python", "-m")
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    arguments = [values.get(one.strip("$()"), one) for one in (*subcommand, *container["args"])]
    assert importlib.import_module(f"{module}.__main__").main(arguments) == 2
    assert "Redis" in capsys.readouterr().err  # nothing is wrong but that there is none


def test_the_readme_explains_the_settings_and_the_secrets() -> None:
    readme = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    names = {*_settings(), *_secret()} - {"OTEL_SERVICE_NAME"}
    assert {"REDIS_URL", "WEBHOOK_URL", "BACKUP_SPEECH_KEY"} <= names
    assert [name for name in sorted(names) if name not in readme] == []


def test_the_autoscaler_follows_the_load_that_the_adapter_offers() -> None:
    scaler = _of("HorizontalPodAutoscaler")["interpreter-worker"]["spec"]
    assert scaler["scaleTargetRef"]["name"] in _DEPLOYMENTS
    assert "replicas" not in _DEPLOYMENTS[scaler["scaleTargetRef"]["name"]]["spec"]
    adapter = yaml.safe_load((_FOLDER / "prometheus-adapter-values.yaml").read_text())
    (offered,) = adapter["rules"]["custom"]
    (metric,) = scaler["metrics"]
    assert metric["pods"]["metric"]["name"] == offered["name"]["as"]
    annotations = _DEPLOYMENTS["interpreter-worker"]["spec"]["template"]["metadata"]["annotations"]
    (container,) = _pod(_DEPLOYMENTS["interpreter-worker"])["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert annotations["prometheus.io/port"] == str(ports["metrics"])


def test_the_secret_is_an_example_without_values() -> None:
    assert set(_of("Secret")["interpreter"]["stringData"].values()) == {""}
