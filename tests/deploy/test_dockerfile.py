"""The Dockerfile, as far as it can be checked without Docker."""

from __future__ import annotations

import json
import re
from pathlib import Path

from fakes.worker_process import DOCKERFILE, HEALTH_CHECK, ROOT

_INSTRUCTIONS = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text())).splitlines()


def _arguments(instruction: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in _INSTRUCTIONS if line.startswith(f"{instruction} ")]


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    (user,) = _arguments("USER")
    assert int(user) > 0


def test_the_copied_files_exist_and_are_not_ignored() -> None:
    sources = [
        source
        for arguments in _arguments("COPY")
        if not arguments.startswith("--from")
        for source in arguments.split()[:-1]
    ]
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignore[0] == "*"
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source.rstrip('/')}" in ignore, source


def test_the_image_starts_a_program_that_it_contains() -> None:
    (command,) = _arguments("CMD")
    program, script = json.loads(command)
    assert program == "python"
    path = Path(script).relative_to("/worker")
    assert (ROOT / path).exists()
    assert f"{path.parent}/ /worker/{path.parent}/" in _arguments("COPY")


def test_the_health_check_is_a_command_that_needs_no_shell() -> None:
    assert HEALTH_CHECK[:2] == ["python", "-c"]
    assert len(HEALTH_CHECK) == 3
