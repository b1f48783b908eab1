"""`deploy/meeting_worker.py` as a command: what is wrong with its variables, in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fakes.worker_process import ROOT

_ENVIRONMENT = {
    "AZURE_SPEECH_KEY": "any",
    "AZURE_SPEECH_REGION": "westeurope",
    "LIVEKIT_URL": "ws://127.0.0.1:9",
    "LIVEKIT_API_KEY": "devkey",
    "LIVEKIT_API_SECRET": "a secret that is long enough to sign",
}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (
            {"BACKUP_SPEECH_REGION": "eastus"},
            "set BACKUP_SPEECH_KEY (deploy/README.md explains the variables)",
        ),
        (
            {"WEBHOOK_URL": "https://crm.example.com", "WEBHOOK_SECRET": "any"},
            "WEBHOOK_URL needs RECORD_URL: webhooks are sent from the record",
        ),
    ],
    ids=["a resource without a key", "webhooks without a record"],
)
def test_the_worker_does_not_start_with(wrong: dict[str, str], error: str) -> None:
    command = [sys.executable, str(ROOT / "deploy" / "meeting_worker.py")]
    environment = {**os.environ, **_ENVIRONMENT, **wrong}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, f"error: {error}")
