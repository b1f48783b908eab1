"""Parses faults as the command line writes them: `drop at_seconds=5 code=1011`."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .base import Fault
from .kinds import KINDS

_ALWAYS = "always"


def parse_fault(text: str) -> Fault:
    """Read a fault.

    Raises:
        ValueError: There is no such fault, option or value; the message lists the valid ones.
    """
    name, *options = text.split() or [""]
    kinds = {fault_name(kind): kind for kind in KINDS}
    if name not in kinds:
        raise ValueError(f"there is no fault {name!r}; there are: {', '.join(kinds)}")
    kind = kinds[name]
    types = get_type_hints(kind)
    given: dict[str, Any] = {}
    for option in options:
        key, _, value = option.partition("=")
        if key not in types:
            raise ValueError(f"{name} has no option {key!r}; it has: {', '.join(types)}")
        given[key] = _value(name, key, value, types[key])
    missing = [field.name for field in _fields(kind) if _is_needed(field) and field.name not in given]
    if missing:
        raise ValueError(f"{name} needs {', '.join(missing)}")
    try:
        return kind(**given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def describe_faults() -> str:
    """A list of the faults, each with its options and a line of description."""
    lines: list[str] = []
    for kind in KINDS:
        options = (
            f"{field.name}=" if _is_needed(field) else f"[{field.name}=]"
            for field in _fields(kind)
            if field.name != "times"
        )
        (what, *_) = (inspect.getdoc(kind) or "").splitlines()
        lines += [f"  {' '.join([fault_name(kind), *options])}", f"      {what}"]
    return "\n".join(lines)


def written_fault(fault: Fault) -> str:
    """A fault as the command line takes it: what is not the default of its kind."""
    options = (
        f"{field.name}={getattr(fault, field.name)}"
        for field in _fields(type(fault))
        if field.name != "times" and getattr(fault, field.name) != field.default
    )
    return " ".join([fault_name(type(fault)), *options])


def fault_name(kind: type[Fault]) -> str:
    """`drop-in-voice` for `DropInVoice`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)[1:]


def _fields(kind: type[Fault]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(kind)


def _is_needed(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING


def _value(name: str, key: str, value: str, kind: Any) -> object:
    if key == "times" and value == _ALWAYS:
        return None
    if kind is str or str in get_args(kind) or get_origin(kind) is Literal:
        return value
    try:
        return float(value) if kind is float else int(value)
    except ValueError:
        raise ValueError(f"{key} of {name} must be a number, not {value!r}") from None
