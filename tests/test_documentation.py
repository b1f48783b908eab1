"""What is public is documented: each name, each method, each argument and each event."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter import emulator

_PACKAGE = azure_interpreter.__name__
_REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
_NOT_ARGUMENTS = {"self", "cls", "kind", "error", "trace"}


def _public() -> Iterator[Any]:
    for module in (azure_interpreter, emulator):
        for name in module.__all__:
            one = getattr(module, name)
            # A module among them has what is named beside it; an alias of a type has no docstring of its own.
            if inspect.isclass(one) or inspect.isfunction(one):
                yield one


_NAMES = {f"{one.__module__.removeprefix(_PACKAGE)}.{one.__name__}": one for one in _public()}
_CLASSES = {name: one for name, one in _NAMES.items() if inspect.isclass(one)}
_MADE_BY_USERS = {name: one for name, one in _CLASSES.items() if not name.endswith(("Stream", "Session"))}


def _members(kind: type) -> dict[str, Any]:
    """Its own methods and properties, without what comes from LiveKit."""
    return {
        name: member
        for name, member in vars(kind).items()
        if not name.startswith("_")
        and isinstance(member, (classmethod, staticmethod, property, type(lambda: 0)))
    }


_MEMBERS = {
    f"{name}.{member}": value for name, kind in _CLASSES.items() for member, value in _members(kind).items()
}


def _arguments(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if not one.name.startswith("_") and one.name not in _NOT_ARGUMENTS]


def _documented(docstring: str, name: str) -> bool:
    """Under "Args:" or "Attributes:"."""
    return re.search(rf"^ +\**{name}: ", docstring, re.MULTILINE) is not None


@pytest.mark.parametrize("one", _NAMES.values(), ids=_NAMES)
def test_each_name_is_documented(one: Any) -> None:
    assert one.__doc__
    assert not one.__doc__.startswith(f"{one.__name__}("), "a dataclass without a docstring"


def test_each_name_is_in_the_reference() -> None:
    pages = "\n".join(page.read_text() for page in _REFERENCE.glob("*.rst"))
    names = [f"{_PACKAGE}.{name}" for name in azure_interpreter.__all__ if name != "__version__"]
    # The page of faults is made of their module.
    others = [name for name in emulator.__all__ if not hasattr(emulator.faults, name)]
    names += [f"{emulator.__name__}.{name}" for name in others]
    missing = [name for name in names if not re.search(rf":: {re.escape(name)}(\(\))?$", pages, re.MULTILINE)]
    assert missing == []


@pytest.mark.parametrize("member", _MEMBERS.values(), ids=_MEMBERS)
def test_each_method_and_property_is_documented(member: Any) -> None:
    docstring = inspect.getdoc(member.fget if isinstance(member, property) else member)
    assert docstring
    # In the reference, what precedes a colon would be a property's type.
    assert not (isinstance(member, property) and ": " in docstring.splitlines()[0])


@pytest.mark.parametrize("kind", _MADE_BY_USERS.values(), ids=_MADE_BY_USERS)
def test_each_argument_of_a_class_is_documented(kind: type) -> None:
    own = [base for base in kind.__mro__ if base.__module__.startswith(_PACKAGE)]
    docstring = "\n".join(base.__doc__ or "" for base in own)
    assert [name for name in _arguments(kind) if not _documented(docstring, name)] == []


@pytest.mark.parametrize(
    "function", [one for one in [*_NAMES.values(), *_MEMBERS.values()] if inspect.isfunction(one)]
)
def test_where_a_docstring_tells_of_arguments_it_tells_of_all(function: Callable[..., Any]) -> None:
    docstring = function.__doc__ or ""
    if "Args:" in docstring:
        assert [name for name in _arguments(function) if not _documented(docstring, name)] == []


@pytest.mark.parametrize("kind", _CLASSES.values(), ids=_CLASSES)
def test_each_event_of_its_own_is_documented(kind: type) -> None:
    for base in getattr(kind, "__orig_bases__", ()):
        for argument in typing.get_args(base):
            for event in typing.get_args(argument):
                if event not in ("metrics_collected", "error"):  # LiveKit's
                    assert f"`{event}`" in (kind.__doc__ or "")
