"""What clients in other languages need. A test is skipped if a client is not installed, and says so.

An environment variable says where a client is. If it says so and the client is not there, the test fails:
whoever sets it (`nox -s clients`) wants the test to run.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_INSTALL = "`nox -s clients` installs it"


def program(*names: str) -> str:
    """The first of these programs that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed")
    return found


def javascript_sdk() -> Path:
    """The folder of Microsoft's SDK for JavaScript."""
    sdk = Path("node_modules", "microsoft-cognitiveservices-speech-sdk")
    return _installed("SPEECH_SDK_JAVASCRIPT", sdk, "no JavaScript SDK")


def java_sdk() -> Path:
    """The archive of Microsoft's SDK for Java."""
    return _installed("SPEECH_SDK_JAVA", Path("client-sdk.jar"), "no Java SDK")


def pipecat_python() -> Path:
    """A Python that has pipecat, which may need other versions of packages than the tests."""
    python = Path("Scripts", "python.exe") if os.name == "nt" else Path("bin", "python")
    return _installed("SPEECH_CLIENT_PIPECAT", python, "no pipecat")


def _installed(variable: str, path: Path, missing: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{missing} in {variable}: {_INSTALL}")
    found = Path(folder, path)
    if not found.exists():
        pytest.fail(f"{missing} in {variable}: there is no {found}")
    return found
