"""Checks what a client gets to read against the schema that the package ships."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA: dict[str, Any] = json.loads(
    files("livekit_plugins_azure_interpreter._meeting")
    .joinpath("client_contract.schema.json")
    .read_text("utf-8")
)
_VALIDATOR = Draft202012Validator(SCHEMA)
_PLAIN = ("interpreter", "interpretation_refused.")
"""Attributes that are a text, not JSON: by their name, or how it begins."""


def as_objects(attributes: Mapping[str, str]) -> dict[str, Any]:
    """The attributes as the schema has them: JSON is an object; an empty value is no attribute."""

    def is_plain(name: str) -> bool:
        return name == _PLAIN[0] or name.startswith(_PLAIN[1])

    return {
        name: value if is_plain(name) else json.loads(value) for name, value in attributes.items() if value
    }


def broken_rules(attributes: Mapping[str, str]) -> list[str]:
    """What is not as the schema says."""
    return [error.message for error in _VALIDATOR.iter_errors(as_objects(attributes))]


def sent_too_soon(told: Sequence[tuple[float, Mapping[str, str]]], every_seconds: float = 1.0) -> list[str]:
    """The attributes that were sent again within this time, or without a change; `told` has the times."""
    last: dict[str, tuple[float, str]] = {}
    found = []
    for at, attributes in told:
        for name, value in attributes.items():
            before, known = last.get(name, (float("-inf"), ""))
            if at - before < every_seconds - 1e-9 or value == known:
                found.append(name)
            last[name] = (at, value)
    return found
