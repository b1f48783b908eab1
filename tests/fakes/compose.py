"""The services of deploy/, as Compose reads its files."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .worker_process import ROOT

FOLDER = ROOT / "deploy"
COMPOSE = FOLDER / "compose.yaml"
EMULATED = FOLDER / "compose.emulator.yaml"
VARIABLE = re.compile(r"\$\{(\w+)(?::(-|\?)([^}]*))?\}")
"""A variable in a value, with its default (-) or the message if it is not set (?)."""


def services(variables: Mapping[str, str], *, emulated: bool = False) -> dict[str, dict[str, Any]]:
    """All services, with the variables put in; a mapping of the emulator's file is added to the first's."""
    merged = _services(COMPOSE, variables)
    for name, service in _services(EMULATED, variables).items() if emulated else ():
        before = merged.setdefault(name, {})
        for key, value in service.items():
            before[key] = {**before.get(key, {}), **value} if isinstance(value, dict) else value
    return merged


def native(argument: str) -> str:
    """An argument of a command of the image, for this machine."""
    if argument == "python":
        return sys.executable
    return argument.replace("/worker/deploy/", f"{FOLDER}/")


def _services(path: Path, variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    def put_in(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: put_in(one) for key, one in value.items()}
        if isinstance(value, list):
            return [put_in(one) for one in value]
        return VARIABLE.sub(of_variable, value) if isinstance(value, str) else value

    def of_variable(match: re.Match[str]) -> str:
        name, kind, otherwise = match.groups()
        if given := variables.get(name):
            return given
        assert kind == "-", f"{name}: {otherwise}"
        return otherwise

    found: dict[str, dict[str, Any]] = put_in(yaml.safe_load(path.read_text())["services"])
    return found
