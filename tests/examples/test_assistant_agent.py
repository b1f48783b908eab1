"""The assistant in the terminal: a visitor who begins at once is heard, and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import assistant_agent
import pytest
from assistant_agent import GREETING

from livekit_plugins_azure_interpreter.emulator import ECHOED

_MOST_OF_IT_SECONDS = 1.2
"""Of 1.4 s."""


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each utterance was that the sample's session has heard."""
    seconds: list[float] = []
    make_session = assistant_agent.make_session

    def follow(*arguments: Any, **options: Any) -> Any:
        session = make_session(*arguments, **options)
        assert session.stt is not None
        session.stt.on(
            "utterance_recognized",
            lambda one: seconds.append(one.transcript.end_time - one.transcript.start_time),
        )
        return session

    monkeypatch.setattr(assistant_agent, "make_session", follow)
    return seconds


async def test_a_visitor_who_speaks_over_the_greeting_is_heard_whole_and_answered(
    sentence: Path, heard: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    await assistant_agent.sample(sentence)
    _, *said = capsys.readouterr().out.splitlines()
    assert said == [f"assistant: {GREETING}", f"user: {ECHOED}", f"assistant: {ECHOED}"]
    (seconds,) = heard
    assert seconds > _MOST_OF_IT_SECONDS
