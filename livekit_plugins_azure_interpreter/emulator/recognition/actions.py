"""The actions of a turn: send a message, wait, close the connection."""

from __future__ import annotations

from dataclasses import dataclass

from ..script import Voice
from ..transport.wire import Message


@dataclass(frozen=True)
class Send:
    """Send a message; the turn adds its own headers to those that are given here."""

    message: Message
    binary: bool = False


@dataclass(frozen=True)
class SendGarbage:
    """Send a binary frame that is not a message."""


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class CloseConnection:
    """Close the connection with a WebSocket close code; None: reset it. No action follows."""

    code: int | None


@dataclass(frozen=True)
class VoiceSent:
    """All of a voice was sent: these samples."""

    voice: Voice


Action = Send | SendGarbage | Pause | CloseConnection
