"""The words of the package and of its documentation."""

from __future__ import annotations

import re
from pathlib import Path

from fakes.findings import assert_none

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


def test_a_module_says_in_its_first_line_what_it_is() -> None:
    assert len(_MODULES) > 200
    first_lines = {path: path.read_text(encoding="utf-8").partition("\n")[0] for path in _MODULES}
    assert_none(
        f"{path}: {line}"
        for path, line in first_lines.items()
        if not re.fullmatch(r'"""[^"]+([.:]|[.:]""")', line)
    )


def test_a_text_has_no_riddle() -> None:
    assert len(_PAGES) > 20
    texts = {path: " ".join(path.read_text(encoding="utf-8").split()) for path in (*_MODULES, *_PAGES)}
    found = [f"{path}: {riddle[0]}" for path, text in texts.items() for riddle in _RIDDLES.finditer(text)]
    assert_none(found)
