"""The one warning of LiveKit's that is kept out of the log, and for whom."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from livekit.agents import Agent
from livekit.agents.voice import agent_activity

from livekit_plugins_azure_interpreter import InterpreterAgent
from livekit_plugins_azure_interpreter._livekit_private.unanswered_turns import NOT_ANSWERED, UnansweredTurns


@pytest.fixture(params=[InterpreterAgent(), Agent(instructions="Answer.")], ids=["interpreter", "other"])
def agent(request: pytest.FixtureRequest) -> Iterator[Agent]:
    """The agent that hears the turn."""
    activity = SimpleNamespace(agent=request.param)
    token = agent_activity._AgentActivityContextVar.set(activity)  # type: ignore[arg-type]
    yield request.param
    agent_activity._AgentActivityContextVar.reset(token)


def _passes(message: str) -> bool:
    record = logging.LogRecord("livekit.agents", logging.WARNING, __file__, 1, message, None, None)
    return bool(UnansweredTurns(InterpreterAgent).filter(record))


def test_the_warning_is_dropped_for_an_interpreter_only(agent: Agent) -> None:
    assert _passes(NOT_ANSWERED) is not isinstance(agent, InterpreterAgent)


def test_other_warnings_pass(agent: Agent) -> None:
    assert _passes("skipping user input, speech scheduling is paused")


def test_the_check_passes_outside_a_session() -> None:
    assert _passes(NOT_ANSWERED)
