"""Finds the AgentSession that the current task works for. Only this module uses the private names for it.

Where a version of LiveKit does not have them, no session is known, and the package works as without one.
"""

from __future__ import annotations

from contextvars import ContextVar
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from livekit.agents import AgentSession, CloseReason
from livekit.agents.tts import TTSError
from livekit.agents.voice import agent_activity, audio_recognition

_scopes: WeakKeyDictionary[AgentSession[Any], object] = WeakKeyDictionary()


def scope_of(session: AgentSession[Any]) -> object:
    """Stands for a session, where a session itself would be kept alive."""
    return _scopes.setdefault(session, object())


def hearing_scope() -> object | None:
    """Of the session whose `stt_node` opens a stream in this task; None: there is no session."""
    pipeline = _of_task(audio_recognition, "_STTPipelineContextVar")
    is_closing = getattr(pipeline, "_is_closing", None)
    return _scope(getattr(is_closing, "__self__", None))


def speaking_scope() -> object | None:
    """Of the session that has something said in this task; None: there is no session."""
    return _scope(getattr(activity(), "session", None))


def activity() -> object | None:
    """LiveKit's activity of the agent that this task works for; None: there is none."""
    return _of_task(agent_activity, "_AgentActivityContextVar")


def is_closing(session: AgentSession[Any]) -> bool:
    """It has begun to close."""
    return session._is_closing()


def close_with(session: AgentSession[Any], error: TTSError) -> None:
    """Close a session that cannot work, as LiveKit does it after an error of its own."""
    session._close_soon(reason=CloseReason.ERROR, error=error)


def _of_task(module: ModuleType, name: str) -> object | None:
    variable: ContextVar[object] | None = getattr(module, name, None)
    return None if variable is None else variable.get(None)


def _scope(session: object) -> object | None:
    return scope_of(session) if isinstance(session, AgentSession) else None
