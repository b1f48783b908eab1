from __future__ import annotations

import subprocess
import sys

import pytest
from fakes.limits import LONG_LIMIT_SECONDS

from livekit_plugins_azure_interpreter import record

_ALONE = """
import sys
sys.modules["redis"] = None
from livekit.plugins.azure_interpreter.record import SQLiteRecord
from livekit_plugins_azure_interpreter import MeetingInterpreter
"""


@pytest.mark.parametrize("name", record.__all__)
def test_each_public_name_exists_and_is_documented(name: str) -> None:
    assert getattr(record, name).__doc__


def test_the_package_needs_no_redis() -> None:
    subprocess.run([sys.executable, "-c", _ALONE], check=True, timeout=LONG_LIMIT_SECONDS)
