"""Which AgentSession a task works for. LiveKit tells it by private names only; they are all in here."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from livekit.agents import AgentSession, CloseReason
from livekit.agents.tts import TTSError
from livekit.agents.voice.agent_activity import _AgentActivityContextVar
from livekit.agents.voice.audio_recognition import _STTPipelineContextVar

_scopes: WeakKeyDictionary[AgentSession[Any], object] = WeakKeyDictionary()


def scope_of(session: AgentSession[Any]) -> object:
    """Stands for a session, where a session itself would be kept alive."""
    return _scopes.setdefault(session, object())


def hearing_scope() -> object | None:
    """Of the session whose `stt_node` opens a stream in this task; None: there is no session."""
    pipeline = _STTPipelineContextVar.get(None)
    is_closing = getattr(pipeline, "_is_closing", None)
    return _scope(getattr(is_closing, "__self__", None))


def speaking_scope() -> object | None:
    """Of the session that has something said in this task; None: there is no session."""
    return _scope(getattr(_AgentActivityContextVar.get(None), "session", None))


def is_closing(session: AgentSession[Any]) -> bool:
    """It has begun to close."""
    return session._is_closing()


def close_with(session: AgentSession[Any], error: TTSError) -> None:
    """Close a session that cannot work, as LiveKit does it after an error of its own."""
    session._close_soon(reason=CloseReason.ERROR, error=error)


def _scope(session: object) -> object | None:
    return scope_of(session) if isinstance(session, AgentSession) else None
