from __future__ import annotations

from typing import Any
from unittest.mock import create_autospec

import pytest

from livekit_plugins_azure_interpreter._sdk import on_demand, recognizer, synthesizer


@pytest.mark.parametrize(
    ("module", "name"),
    [(recognizer, "open_recognizer"), (synthesizer, "open_synthesizer")],
)
def test_a_recognizer_or_synthesizer_of_the_sdk_is_opened(
    module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = {"open_recognizer": "AzureRecognizer", "open_synthesizer": "AzureSynthesizer"}[name]
    opened = create_autospec(getattr(module, kind))
    monkeypatch.setattr(module, kind, opened)
    assert getattr(on_demand, name)("options", print) is opened.return_value
    opened.assert_called_once_with("options", print)


@pytest.mark.parametrize("takes", [False, True])
def test_commits_depend_on_the_sdk(takes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizer, "TAKES_COMMITS", takes)
    assert on_demand.takes_commits() is takes
