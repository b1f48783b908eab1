"""What every module says of itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import livekit_plugins_azure_interpreter

ROOT = Path(livekit_plugins_azure_interpreter.__file__).parent
RIDDLES = ("Who asks", "or one of them is none", "What the SDK leaves", "When what happened", "When which")


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_in_its_first_line_what_it_is(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = docstring.split("\n")[0]
    assert line.endswith((".", ":"))
    assert not line.startswith(RIDDLES)
