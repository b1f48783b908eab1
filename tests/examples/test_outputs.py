from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_WRITTEN = re.compile(r'"--out"[^)]*default=Path\("(.+?)"\)')


def test_git_ignores_what_the_examples_write() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "examples").rglob("*.py")]
    written = {
        name for source in sources for name in re.findall(r'"--out"[^)]*default=Path\("(.+?)"\)', source)
    }
    assert written >= {"interpreted.wav"}
    assert written <= set(ignored)
