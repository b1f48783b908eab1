"""Each example of an agent is one short file that can be copied; tests/room/ runs them in a room."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from fakes.worker_process import EXAMPLES
from livekit.agents import AgentServer

_AGENTS = [
    EXAMPLES / f"{name}_agent.py"
    for name in (
        "assistant",
        "captions",
        "meeting",
        "personal_voice",
        "push_to_talk",
        "room",
        "two_languages",
        "two_people",
        "voice_live",
    )
]
_MOST_LINES = {"voice_live_agent": 90}
"""It hears a whole room; a session's own input is one participant. The others have at most 60."""


def _imports(path: Path) -> set[str]:
    """The first part of the name of each module that a file imports; "" for a relative one."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append("" if node.level else node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", _AGENTS, ids=lambda path: path.stem)
class TestEachAgent:
    def test_the_file_is_short(self, path: Path) -> None:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= _MOST_LINES.get(path.stem, 60)

    def test_the_file_imports_nothing_beside_it(self, path: Path) -> None:
        beside = {other.stem for other in EXAMPLES.iterdir()}
        assert _imports(path) & {"", *beside} == set()


@pytest.mark.parametrize("path", [*_AGENTS, EXAMPLES / "avatar" / "agent.py"], ids=lambda path: path.stem)
def test_the_file_has_a_server_and_its_docstring_the_command_that_starts_it(path: Path) -> None:
    agent = importlib.import_module(path.stem)
    assert isinstance(agent.server, AgentServer)
    command = f"    python -m livekit.agents start --dev {path.relative_to(EXAMPLES.parent).as_posix()}"
    assert command in inspect.getsource(agent).splitlines()
