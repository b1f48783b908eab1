"""Faults of connections: as a client connects, at a position in its audio, and in its turns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args

from .base import HandshakeFault, PositionFault, TurnFault, check_reason

ErrorName = Literal["Error", "TooManyRequests", "BadRequest", "Forbidden", "ServiceUnavailable"]


@dataclass(frozen=True)
class Refuse(HandshakeFault):
    """The handshake is answered with an HTTP status.

    The SDK gives up at once after 400, 401 and 403; otherwise it tries five times within a second.

    Args:
        status: The status, 400 to 599.
    """

    status: int


@dataclass(frozen=True)
class HangHandshake(HandshakeFault):
    """The handshake is never answered.

    The SDK reports nothing: after 150 s it still waited.
    """


@dataclass(frozen=True)
class Drop(PositionFault):
    """The connection is reset, or closed with a code.

    The SDK gives up after 1002, 1007 and codes from 4000 on. Otherwise it connects again, and sends
    unacknowledged audio again; the voices that were under way never come.

    Args:
        code: The code of the WebSocket's close, 1000 to 4999; None: a reset.
        reason: The reason of the close, at most 123 bytes.
    """

    code: int | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        check_reason(self.reason)
        super().__post_init__()


@dataclass(frozen=True)
class ErrorStatus(PositionFault):
    """A result reports an error, as RecognitionStatus.

    The SDK connects again; after the fifth in a row it gives up, with the code of that name.

    Args:
        status: The name of the error.
    """

    status: ErrorName = "Error"

    def __post_init__(self) -> None:
        if self.status not in get_args(ErrorName):
            raise ValueError(f"status must be one of {', '.join(get_args(ErrorName))}, not {self.status!r}")
        super().__post_init__()


@dataclass(frozen=True)
class Mute(PositionFault):
    """The service still reads, but sends nothing more on this connection.

    The SDK notices after 66 s of audio.
    """


@dataclass(frozen=True)
class BlackHole(PositionFault):
    """The service does not even read from this connection any more.

    The SDK notices after 66 s of audio.
    """


@dataclass(frozen=True)
class Away(PositionFault):
    """The service resets every connection, and its port refuses new ones for `seconds`.

    The SDK tries for about a second, unless it is configured to try longer.

    Args:
        seconds: How long.
    """

    seconds: float


@dataclass(frozen=True)
class RefuseTurn(TurnFault):
    """The connection is closed when the client asks for the turn (Azure's `speech.context`).

    Azure does so with 1007 for a setting, a language or a voice that it refuses, and without quota; with 4429
    for too many requests; with 1011 and 1012 for its own failures. The SDK gives up after 1007 and 4429, and
    passes on the reason.

    Args:
        code: The code of the WebSocket's close, 1000 to 4999.
        reason: The reason of the close, at most 123 bytes, e.g. "Quota exceeded. Cid: ".
    """

    code: int = dataclasses.field(default=1007, kw_only=True)
    reason: str = dataclasses.field(default="", kw_only=True)

    def __post_init__(self) -> None:
        check_reason(self.reason)
        super().__post_init__()


@dataclass(frozen=True)
class EndWithoutOffset(TurnFault):
    """The end of the speech is told without its position.

    The SDK then names the start of the turn.
    """
