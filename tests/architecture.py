"""The structure of the package in figures: `python -m architecture [FOLDER]`.

Everything is read from the source: nothing of the package is imported or run. `test_architecture.py`
holds what must stay true of it.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

NAME = "livekit_plugins_azure_interpreter"
TESTS = Path(__file__).parent
EXAMPLES = TESTS.parent / "examples"
BROAD = {"Exception", "BaseException"}
_STATE = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
# A test's name says what must be true of what. These words begin a sentence that puts its subject last, hides
# it in a clause, or has lost it.
_NO_SUBJECT = """
    after again alone also although amid among and as at back because before behind beside between beyond but
    by during even for from how if in inside is just nor not of on once only or outside over right since so
    still than that then there these this those to twice under unless until up what whatever when whenever
    where whether which while who whoever whom whose why with within without
"""
_PRONOUNS = frozenset({"it", "its", "their", "they"})


@dataclass(frozen=True)
class Module:
    """One source file.

    Args:
        name: Dotted, within the package; the package itself is "".
        path: Its file.
    """

    name: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def folder(self) -> str:
        """The package that it stands in; "" for the root."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @cached_property
    def lines(self) -> int:
        return len(self.path.read_text(encoding="utf-8").splitlines())

    def walk(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def functions(self) -> list[int]:
        """The length of each function, in lines."""
        return [node.end_lineno - node.lineno + 1 for node in self.walk(*_FUNCTION)]  # type: ignore[attr-defined]

    def classes(self) -> dict[str, int]:
        """How many fields each class has."""
        classes = [node for node in self.walk(ast.ClassDef) if not _is_typed_dict(node)]  # type: ignore[arg-type]
        return {node.name: len(_fields(node)) for node in classes}  # type: ignore[attr-defined,arg-type]

    def broad_excepts(self) -> int:
        handlers = (node.type for node in self.walk(ast.ExceptHandler))  # type: ignore[attr-defined]
        return sum(kind is None or getattr(kind, "id", "") in BROAD for kind in handlers)

    def private_names(self) -> set[str]:
        """The private attributes and methods that it defines itself."""
        own = {node.name for node in self.walk(*_FUNCTION)}  # type: ignore[attr-defined]
        own |= {name for node in self.walk(ast.ClassDef) for name in _fields(node)}
        return {name for name in own if _is_private(name)}

    def private_touches(self) -> list[str]:
        """The private attributes of something else that it uses, each with its line."""
        if self.name in NAME_FOREIGN_PRIVATE:
            return []
        own = self.private_names()
        return [
            f"{self.name}:{node.lineno} {ast.unparse(node)}"  # type: ignore[attr-defined]
            for node in self.walk(ast.Attribute)
            if _is_private(node.attr) and not _is_own(node, own)  # type: ignore[attr-defined,arg-type]
        ]


NAME_FOREIGN_PRIVATE = {"_livekit_private", "_sdk.c_api"}
"""The two modules that exist to name private parts of LiveKit and of the Azure SDK."""


@dataclass(frozen=True)
class Architecture:
    """All modules of a package, and who imports whom; imports for types alone are imports, too."""

    modules: dict[str, Module]
    imports: dict[str, set[str]] = field(default_factory=dict)
    foreign: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> Architecture:
        modules = {}
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            modules[name] = Module(name, path)
        found = cls(modules)
        for module in modules.values():
            found._read_imports(module)
        return found

    def _read_imports(self, module: Module) -> None:
        own = self.imports.setdefault(module.name, set())
        foreign = self.foreign.setdefault(module.name, set())
        for node in module.walk(ast.Import, ast.ImportFrom):
            for target in _targets(node, module):
                if target.split(".")[0] == NAME:
                    own.add(self._module(target.partition(".")[2]))
                elif target.startswith("."):
                    own.add(self._module(target[1:]))
                else:
                    foreign.add(target)
        own.discard(module.name)

    def _module(self, dotted: str) -> str:
        """The module that a dotted name is, or stands in."""
        while dotted and dotted not in self.modules:
            dotted = dotted.rpartition(".")[0]
        return dotted

    def circles(self) -> list[list[str]]:
        """The groups of modules that import each other."""
        return [sorted(group) for group in _strongly_connected(self.imports) if len(group) > 1]

    def edges(self) -> Iterator[tuple[str, str]]:
        return ((a, b) for a, targets in sorted(self.imports.items()) for b in sorted(targets))

    def room(self, name: str) -> str:
        """The folder, or the private module of the root, that a module is or stands in; "" for the root."""
        first = name.partition(".")[0]
        return first if first.startswith("_") or (first and self.modules[first].is_package) else ""


def subjectless_tests(tests: Path, *sources: Path) -> list[str]:
    """The tests whose names begin in the middle of a sentence.

    "It" has a subject in a class of tests that is named after a class: in `TestLedger` it is the ledger.

    Args:
        tests: The folder of the tests.
        sources: The folders of the classes that tests may be named after.
    """
    found = []
    things = set().union(*(_classes(path) for folder in sources for path in folder.rglob("*.py")))
    for path in sorted(tests.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        # Parsing takes long, and most files have no name that may be wrong.
        names = re.findall(r"\bdef (test_\w+)", source)
        if not any(_begins_amid_a_sentence(name, pronouns_allowed=False) for name in names):
            continue
        for group, name in _tests(ast.parse(source)):
            named = group.removeprefix("Test") in things
            if _begins_amid_a_sentence(name, pronouns_allowed=named):
                found.append("::".join(filter(None, [str(path.relative_to(tests)), group, name])))
    return found


def _tests(node: ast.Module | ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Each test, with its class; that is "" for a function of the module."""
    for child in node.body:
        if isinstance(child, ast.ClassDef):
            yield from _tests(child)
        elif isinstance(child, _FUNCTION) and child.name.startswith("test_"):
            yield getattr(node, "name", ""), child.name


def _classes(path: Path) -> set[str]:
    return set(re.findall(r"^ *class _*(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def _begins_amid_a_sentence(name: str, *, pronouns_allowed: bool) -> bool:
    first = name.split("_")[1]
    return first in _NO_SUBJECT.split() or (first in _PRONOUNS and not pronouns_allowed)


def table(root: Path, tests: Path) -> str:
    """The figures, one a line."""
    house = Architecture.read(root)
    modules = list(house.modules.values())
    per_folder = Counter(module.folder or "(root)" for module in modules)
    functions = [length for module in modules for length in module.functions()]
    fields = {f"{m.name}.{name}": count for m in modules for name, count in m.classes().items()}
    largest = max(fields, key=lambda name: fields[name])
    rows = [
        ("modules", f"{len(modules)}: " + ", ".join(f"{name} {n}" for name, n in per_folder.most_common())),
        ("lines of a module", _spread([module.lines for module in modules])),
        ("lines of a function", _spread(functions)),
        ("most fields of a class", f"{fields[largest]} ({largest})"),
        ("private touches across modules", str(sum(len(m.private_touches()) for m in modules))),
        ("circles of imports", str(len(house.circles()))),
        ("broad excepts", str(sum(module.broad_excepts() for module in modules))),
        ("test names without a subject", str(len(subjectless_tests(tests, root, EXAMPLES)))),
    ]
    return "\n".join(f"{name:32}{value}" for name, value in rows)


def _spread(numbers: Sequence[int]) -> str:
    ninetieth = statistics.quantiles(numbers, n=10)[-1]
    return f"median {statistics.median(numbers):.0f}, 90th {ninetieth:.0f}, largest {max(numbers)}"


def _targets(node: ast.AST, module: Module) -> Iterable[str]:
    """What an import names, in full; a name of the package's own begins with a dot."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert isinstance(node, ast.ImportFrom)
    if not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    parts = module.folder.split(".") if module.folder else []
    above = parts[: len(parts) - node.level + 1]
    base = [*above, *([node.module] if node.module else [])]
    return ["." + ".".join([*base, alias.name]) for alias in node.names]


def _is_typed_dict(node: ast.ClassDef) -> bool:
    """It only lists the names and types of options, and has no state."""
    bases = {ast.unparse(base) for base in node.bases}
    return bool(bases & {"TypedDict", "STTOptionsWithoutLanguages"})


def _fields(node: ast.ClassDef) -> set[str]:
    declared = {
        child.target.id
        for child in node.body
        if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name)
    }
    assigned = {
        child.attr
        for child in ast.walk(node)
        if isinstance(child, ast.Attribute)
        and isinstance(child.ctx, ast.Store)
        and isinstance(child.value, ast.Name)
        and child.value.id == "self"
    }
    return declared | assigned


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_own(node: ast.Attribute, own: set[str]) -> bool:
    holder = node.value
    if isinstance(holder, ast.Name) and holder.id in ("self", "cls"):
        return True
    return node.attr in own


def _strongly_connected(graph: dict[str, set[str]]) -> list[set[str]]:
    """Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[set[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in graph.get(name, ()):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            at = stack.index(name)
            groups.append(set(stack[at:]))
            del stack[at:]

    for name in graph:
        if name not in index:
            visit(name)
    return groups


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else TESTS.parent / NAME
    print(table(folder, TESTS))
