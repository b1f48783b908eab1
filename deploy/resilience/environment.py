"""Reads the variables of the workers and of the page; one that is malformed ends the process."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from typing import NoReturn

_LIVEKIT = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")


def require_environment(*services: str) -> None:
    """End the process with one line that names the variables that are not set.

    Args:
        *services: How the variables of each Speech resource begin, such as AZURE_SPEECH.
    """
    needed = [name for service in services for name in _of_service(service)]
    if missing := [name for name in (*needed, *_LIVEKIT) if not os.environ.get(name)]:
        _end(f"set {', '.join(missing)}")


def read_number(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    """A whole number; the default if the variable is not set, or empty."""
    text = os.environ.get(name) or str(default)
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least or (most is not None and number > most):
        allowed = f"{least} or more" if most is None else f"{least} to {most}"
        _end(f"{name} must be a whole number, {allowed}, not {text!r}")
    return number


def read_choice(name: str, choices: Collection[str], default: str) -> str:
    """One of some words; the default if the variable is not set, or empty."""
    text = os.environ.get(name) or default
    if text not in choices:
        _end(f"{name} must be {' or '.join(choices)}, not {text!r}")
    return text


def end_malformed(name: str, expected: str) -> NoReturn:
    """End the process because of a variable that may have a secret in it: its value is not shown."""
    _end(f"{name} must be {expected}")


def _end(sentence: str) -> NoReturn:
    sys.exit(f"error: {sentence} (deploy/README.md explains the variables)")


def _of_service(service: str) -> list[str]:
    has_address = any(os.environ.get(f"{service}_{name}") for name in ("ENDPOINT", "HOST"))
    return [f"{service}_KEY"] if has_address else [f"{service}_KEY", f"{service}_REGION"]
