"""`deploy/meeting_worker.py` as a command: what is wrong with its variables, in one line."""

from __future__ import annotations

import runpy
from pathlib import Path

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
def test_the_worker_does_not_start_with(
    wrong: dict[str, str], error: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {**_ENVIRONMENT, **wrong, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "deploy" / "meeting_worker.py"), run_name="__main__")
    # Python prints a message as the last line, and exits with 1.
    assert ended.value.code == f"error: {error}"
