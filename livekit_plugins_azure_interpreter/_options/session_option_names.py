"""Checks the names of an AgentSession's options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from livekit.agents import AgentSession, EndpointingOptions, InterruptionOptions, TurnHandlingOptions

from .option_names import argument_names, check_names

_MAPPINGS = {
    "turn_handling": TurnHandlingOptions,
    "endpointing": EndpointingOptions,
    "interruption": InterruptionOptions,
}
"""The options that are mappings, each with its possible keys."""


def check_option_names(options: Mapping[str, Any]) -> None:
    """Check that `AgentSession` has each option, because it ignores a misspelt name in a mapping.

    Raises:
        TypeError: It does not have one; the message has the nearest name.
    """
    _check(options, argument_names(AgentSession), "AgentSession")


def _check(options: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    check_names(options, known, where)
    for name, value in options.items():
        if name in _MAPPINGS and isinstance(value, Mapping):
            _check(value, _MAPPINGS[name].__annotations__, name)
