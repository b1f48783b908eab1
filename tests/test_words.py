"""The words of the package and of its documentation."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import livekit_plugins_azure_interpreter

_MODULES = sorted(Path(livekit_plugins_azure_interpreter.__file__).parent.rglob("*.py"))
_ROOT = Path(__file__).parent.parent
_PAGES = sorted(
    path
    for pattern in ("README.md", "CONTRIBUTING.md", "docs/*.md", "deploy/*.md")
    for path in _ROOT.glob(pattern)
)
_RIDDLES = re.compile(
    r"who asks|who comes (by|from)|who has the|\b(for|to|of) who\b"  # "who" for "anyone who"
    r"|or one of them is none|which is none of|where there is none"
    r"|(?<!there )\bis no (translation|code|message|json)\b"
    r"|what the sdk leaves|when what happened|when which|what your resource answers"
    r"|nobody wants to know|all the same|such as is|is let in to|are let in to|in none of them"
    r"|without being told|was not told|does not take %s|at least, not",
    re.IGNORECASE,
)
"""Sentences that a reader has to solve. Say who does what, with common words."""


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_module_says_in_its_first_line_what_it_is(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert docstring.split("\n")[0].endswith((".", ":"))


@pytest.mark.parametrize("path", [*_MODULES, *_PAGES], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_text_has_no_riddle(path: Path) -> None:
    text = " ".join(path.read_text(encoding="utf-8").split())
    assert [riddle[0] for riddle in _RIDDLES.finditer(text)] == []
