"""Compose's files, as far as they can be checked without Docker: tests/room/ starts what they start."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.compose import COMPOSE, EMULATED, FOLDER, VARIABLE, services
from fakes.worker_process import ROOT
from resilience.resources import SERVICES as RESOURCES

_EXAMPLE = (FOLDER / ".env.example").read_text(encoding="utf-8")
_GIVEN = dict(re.findall(r"^(\w+)=(.*)$", _EXAMPLE, re.MULTILINE))
_SERVICES = services(dict.fromkeys(_GIVEN, "any"), emulated=True)
_OWN_IMAGES = {"interpreter": "Dockerfile", "azure-speech-emulator": "emulator/Dockerfile"}


@pytest.mark.parametrize("path", [COMPOSE, EMULATED], ids=lambda path: path.name)
def test_a_file_of_compose_has_the_form_of_the_compose_specification(path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_has_all_variables_and_no_other() -> None:
    used = {name for path in (COMPOSE, EMULATED) for name, *_ in VARIABLE.findall(path.read_text())}
    assert set(_GIVEN) == used


def test_the_worker_and_the_page_get_only_variables_that_the_readme_explains() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    given = {name for service in ("worker", "page") for name in _SERVICES[service]["environment"]}
    assert [name for name in sorted(given - {"OTEL_SERVICE_NAME"}) if name not in readme] == []


def test_the_worker_gets_all_variables_of_each_resource() -> None:
    wanted = {
        f"{service}_{part}" for service in RESOURCES for part in ("KEY", "REGION", "ENDPOINT", "STREAMS")
    }
    assert wanted <= _SERVICES["worker"]["environment"].keys()


def test_redis_which_counts_the_streams_keeps_its_data() -> None:
    assert _SERVICES["worker"]["environment"]["REDIS_URL"] == "redis://redis:6379/0"
    assert _SERVICES["redis"]["command"][:3] == ["redis-server", "--appendonly", "yes"]
    for name in ("worker", "page"):
        assert set(_SERVICES[name]["networks"]) & set(_SERVICES["redis"]["networks"])


def test_no_secret_is_in_a_file() -> None:
    secret = re.compile(r"KEY$|SECRET$|PASSWORD$")
    assert [name for name, value in _GIVEN.items() if secret.search(name) and value] == []
    for name, service in services(dict.fromkeys(_GIVEN, "FROM-ENV")).items():
        values = service.get("environment", {}).items()
        assert [one for one, value in values if secret.search(one) and value != "FROM-ENV"] == [], name


def test_the_image_and_the_repository_leave_the_secrets_out() -> None:
    for name in ("deploy/.env", "deploy/kubernetes/secret.yaml"):
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        assert ignored.index(name) > ignored.index("!deploy")
        done = subprocess.run(["git", "check-ignore", name], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode in (0, 128), f"{name} is not in .gitignore"  # 128: this is no repository


@pytest.mark.parametrize("service", _SERVICES.values(), ids=_SERVICES)
def test_a_service_writes_only_where_it_must_and_gains_no_rights(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    for volume in service.get("volumes", []):
        assert volume.endswith(":ro") or not volume.startswith("."), volume


@pytest.mark.parametrize("service", _SERVICES.values(), ids=_SERVICES)
def test_a_service_has_a_health_check_of_its_own_or_of_its_image(service: dict[str, Any]) -> None:
    image = service["image"]
    if image in _OWN_IMAGES:
        assert service["build"]["dockerfile"] == f"deploy/{_OWN_IMAGES[image]}"
        assert (FOLDER.parent / service["build"]["dockerfile"]).exists()
    else:
        assert re.fullmatch(r".+:v?[\d.]+(-alpine)?", image), "its version is not fixed"
        assert "healthcheck" in service


def test_the_files_that_are_mounted_exist() -> None:
    for service in _SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (FOLDER / source).exists(), source


def test_the_worker_has_longer_to_drain_than_it_takes() -> None:
    worker = _SERVICES["worker"]
    assert int(worker["stop_grace_period"].removesuffix("s")) > int(worker["environment"]["DRAIN_SECONDS"])


def test_the_ports_of_livekit_alone_are_open_to_other_machines() -> None:
    opened = {
        name: ports
        for name, service in _SERVICES.items()
        if (ports := [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")])
    }
    assert list(opened) == ["livekit"]
    settings = yaml.safe_load((FOLDER / "livekit.yaml").read_text())
    ports = {settings["port"], settings["rtc"]["tcp_port"], settings["rtc"]["udp_port"]}
    assert {int(port.partition(":")[0]) for port in opened["livekit"]} == ports


def test_prometheus_finds_the_services_by_their_names() -> None:
    config = yaml.safe_load((FOLDER / "prometheus" / "prometheus.yaml").read_text())
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert jobs["worker"]["dns_sd_configs"][0]["names"] == ["worker"]
    settings = yaml.safe_load((FOLDER / "livekit.yaml").read_text())
    port = settings["prometheus"]["port"]
    assert jobs["livekit"]["static_configs"][0]["targets"] == [f"livekit:{port}"]
    assert set(jobs) <= set(_SERVICES)
