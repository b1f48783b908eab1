"""What is public is documented: each name, method, argument, event and error; each link leads somewhere."""

from __future__ import annotations

import ast
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fakes.findings import assert_none

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter import emulator, record, web

_PACKAGE = azure_interpreter.__name__
_ROOT = Path(__file__).parents[1]
_REFERENCE = _ROOT / "docs" / "reference"
_PAGES = sorted([*_ROOT.glob("*.md"), *_ROOT.glob("docs/*.md"), *_ROOT.glob("deploy/*.md")])
_NO_USER_SEES = {
    "IllegalStep",
    "VoiceFormatError",  # logged, with the sentence that the page has
    "ClockSetBackError",
    "the connection was closed while it was opening",
    "nothing to say",
    " has no attribute ",  # what Python says of any module
}
"""Errors by their class or their message that the package raises and handles itself."""
_NOT_ARGUMENTS = {"self", "cls", "kind", "error", "trace"}


def _public() -> Iterator[Any]:
    for module in (azure_interpreter, emulator, record, web):
        for name in module.__all__:
            one = getattr(module, name)
            # A module among them has what is named beside it; an alias of a type has no docstring of its own.
            if inspect.isclass(one) or inspect.isfunction(one):
                yield one


_NAMES = {f"{one.__module__.removeprefix(_PACKAGE)}.{one.__name__}": one for one in _public()}
_CLASSES = {name: one for name, one in _NAMES.items() if inspect.isclass(one)}
_MADE_BY_USERS = {
    name: one
    for name, one in _CLASSES.items()
    if not name.endswith(("Stream", "Session"))
    and not (issubclass(one, Exception) or getattr(one, "_is_protocol", False))
}


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


def _undocumented(function: Callable[..., Any], docstring: str) -> list[str]:
    """The arguments that are neither under "Args:" nor under "Attributes:"."""
    names = _arguments(function)
    return [name for name in names if not re.search(rf"^ +\**{name}: ", docstring, re.MULTILINE)]


def test_each_name_is_documented() -> None:
    assert len(_NAMES) > 100
    # Python gives a dataclass without a docstring its signature as one.
    assert_none(
        name for name, one in _NAMES.items() if not one.__doc__ or one.__doc__.startswith(f"{one.__name__}(")
    )


def test_each_name_is_in_the_reference() -> None:
    pages = "\n".join(page.read_text() for page in _REFERENCE.glob("*.rst"))
    names = [f"{_PACKAGE}.{name}" for name in azure_interpreter.__all__ if name != "__version__"]
    # The page of faults is made of their module.
    others = [name for name in emulator.__all__ if not hasattr(emulator.faults, name)]
    names += [f"{emulator.__name__}.{name}" for name in others]
    names += [f"{module.__name__}.{name}" for module in (record, web) for name in module.__all__]
    missing = [name for name in names if not re.search(rf":: {re.escape(name)}(\(\))?$", pages, re.MULTILINE)]
    assert_none(missing)


def test_each_method_and_property_is_documented() -> None:
    assert len(_MEMBERS) > 100
    assert_none(name for name, member in _MEMBERS.items() if not _described(member))


def _described(member: Any) -> bool:
    docstring = inspect.getdoc(member.fget if isinstance(member, property) else member)
    # In the reference, what precedes a colon would be a property's type.
    return bool(docstring) and not (isinstance(member, property) and ": " in docstring.splitlines()[0])


def test_each_argument_of_a_class_is_documented() -> None:
    assert len(_MADE_BY_USERS) > 50
    assert_none(
        f"{name}: {argument}"
        for name, kind in _MADE_BY_USERS.items()
        for argument in _undocumented(kind, _docstring_with_bases(kind))
    )


def _docstring_with_bases(kind: type) -> str:
    own = [base for base in kind.__mro__ if base.__module__.startswith(_PACKAGE)]
    return "\n".join(base.__doc__ or "" for base in own)


def test_a_docstring_that_explains_arguments_explains_all_of_them() -> None:
    functions = {name: one for name, one in [*_NAMES.items(), *_MEMBERS.items()] if inspect.isfunction(one)}
    explaining = {name: one for name, one in functions.items() if "Args:" in (one.__doc__ or "")}
    assert len(explaining) > 20
    assert_none(
        f"{name}: {argument}"
        for name, function in explaining.items()
        for argument in _undocumented(function, function.__doc__ or "")
    )


def test_each_event_of_its_own_is_documented() -> None:
    events = {name: _own_events(kind) for name, kind in _CLASSES.items()}
    assert any(events.values())
    assert_none(
        f"{name}: {event}"
        for name, kind in _CLASSES.items()
        for event in events[name]
        if f"`{event}`" not in (kind.__doc__ or "")
    )


def _own_events(kind: type) -> list[str]:
    return [
        event
        for base in getattr(kind, "__orig_bases__", ())
        for argument in typing.get_args(base)
        for event in typing.get_args(argument)
        if event not in ("metrics_collected", "error")  # LiveKit's
    ]


def test_each_link_to_another_page_leads_to_a_file_and_a_heading() -> None:
    assert len(_PAGES) > 20
    assert_none(f"{page}: {link}" for page in _PAGES for link in _broken_links(page))


def _broken_links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        if not link.startswith("http") and not (
            target.exists() and (not heading or heading in _slugs(target))
        ):
            yield link


@cache
def _slugs(page: Path) -> set[str]:
    """What its headings are called in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_has_at_most_150_lines() -> None:
    assert len((_ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_each_error_message_is_in_the_troubleshooting_page() -> None:
    page = (_ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    package = Path(azure_interpreter.__file__).parent
    modules = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] != "emulator"]
    messages = {
        message for path in modules for message in _messages(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert len(messages) > 50
    assert_none(parts for parts in messages if not any(_beginning(part) in page for part in parts))


def _messages(module: ast.Module) -> Iterator[tuple[str, ...]]:
    """The literal parts of each message that is raised, or is what a failure of Azure means."""
    raised = {node.exc for node in ast.walk(module) if isinstance(node, ast.Raise)}
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and (call in raised or ast.unparse(call.func) == "_ErrorMeaning"):
            strings = [
                part.value
                for argument in call.args
                for part in ast.walk(argument)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            parts = tuple(string for string in strings if len(string.split()) > 2)
            if parts and not {ast.unparse(call.func), *parts} & _NO_USER_SEES:
                yield parts


def _beginning(message: str) -> str:
    return " ".join(message.split()[:3]).rstrip(",;:.")
