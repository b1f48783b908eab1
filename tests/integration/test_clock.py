"""The wall clock is set back while somebody speaks: the SDK's network would wait until it has caught up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.limits import LONG_LIMIT_SECONDS, within

_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.mark.skipif(not _LIBRARIES, reason="libfaketime is not installed (apt-get install faketime)")
@pytest.mark.slow
async def test_speech_is_heard_after_the_clock_was_set_back_by_an_hour(tmp_path: Path) -> None:
    step = tmp_path / "step"
    step.write_text("+0")
    here = Path(__file__)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(here.with_name("clock_process.py")),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(here.parents[1]), os.environ.get("PYTHONPATH", "")]),
            "LD_PRELOAD": str(_LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(step),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        told, errors = await within(process.communicate(), LONG_LIMIT_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert told.decode().strip() == "heard twice, connections: 2", errors.decode()
