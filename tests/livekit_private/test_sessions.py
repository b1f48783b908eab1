"""Which session a task works for, also where LiveKit does not tell."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from livekit.agents import AgentSession
from livekit.agents.voice import agent_activity, audio_recognition

from livekit_plugins_azure_interpreter._livekit_private.sessions import (
    activity,
    hearing_scope,
    is_closing,
    scope_of,
    speaking_scope,
)


@pytest.fixture
async def session() -> AgentSession[None]:
    return AgentSession()


def test_livekit_still_has_the_names() -> None:
    assert hasattr(agent_activity, "_AgentActivityContextVar")
    assert hasattr(audio_recognition, "_STTPipelineContextVar")
    assert callable(AgentSession._is_closing)
    assert callable(AgentSession._close_soon)


async def test_a_session_has_one_scope_and_another_has_another(session: AgentSession[None]) -> None:
    assert scope_of(session) is scope_of(session) is not scope_of(AgentSession())


async def test_a_task_that_speaks_for_a_session_has_its_scope(session: AgentSession[None]) -> None:
    async def speak() -> tuple[object, object]:
        spoken = SimpleNamespace(session=session)
        agent_activity._AgentActivityContextVar.set(spoken)  # type: ignore[arg-type]
        return speaking_scope(), activity()

    scope, found = await asyncio.create_task(speak())
    assert scope is scope_of(session)
    assert found is not None


async def test_a_session_that_is_open_is_not_closing(session: AgentSession[None]) -> None:
    assert not is_closing(session)


def test_no_session_is_found_outside_a_session() -> None:
    assert (hearing_scope(), speaking_scope(), activity()) == (None, None, None)


def test_no_session_is_found_if_livekit_renames_its_attribute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(agent_activity, "_AgentActivityContextVar")
    monkeypatch.delattr(audio_recognition, "_STTPipelineContextVar")
    assert (hearing_scope(), speaking_scope(), activity()) == (None, None, None)
