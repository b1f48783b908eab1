"""Checks the names of options that are passed on as keyword arguments."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def check_names(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Check that each name is known.

    Raises:
        TypeError: A name is unknown; the message has the nearest one.
    """
    known = list(known)
    for name in given:
        if name not in known:
            public = [one for one in known if not one.startswith("_")]
            nearest = difflib.get_close_matches(name, public, n=1, cutoff=0.0)[0]
            raise TypeError(f"{where} has no option {name!r}; the nearest is {nearest!r}")


def argument_names(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments of a function or class, without `**options`."""
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.kind is not inspect.Parameter.VAR_KEYWORD]
