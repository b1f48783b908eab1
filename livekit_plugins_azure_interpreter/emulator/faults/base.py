"""What all faults have in common, and where each kind of them happens."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

_LONGEST_REASON_BYTES = 123
_RANGES: dict[str, tuple[float, float]] = {
    "times": (1, float("inf")),
    "from_connection": (1, float("inf")),
    "turn": (1, float("inf")),
    "utterance": (1, float("inf")),
    "text": (1, float("inf")),
    "at_seconds": (0, float("inf")),
    "seconds": (0, float("inf")),
    "after": (0, 1),
    "status": (400, 599),
    "code": (1000, 4999),
    "sample_rate": (1, 192_000),
    "channels": (1, 8),
    "factor": (1, float("inf")),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong.

    Args:
        times: How often, in the emulator's life; None: always.

    Raises:
        ValueError: An argument is out of its range.
    """

    times: int | None = 1

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name, None)
            if isinstance(value, (int, float)) and not least <= value <= most:
                limits = f"at least {least}" if most == float("inf") else f"from {least} to {most}"
                raise ValueError(f"{name} must be {limits}, not {value}")


@dataclass(frozen=True)
class HandshakeFault(Fault):
    """It happens when a client connects.

    Args:
        from_connection: The first connection that it affects, counted from 1.
    """

    from_connection: int = dataclasses.field(default=1, kw_only=True)


@dataclass(frozen=True)
class PositionFault(Fault):
    """It happens when the audio of a session, on any of its connections, reaches a position.

    Args:
        at_seconds: The position.
    """

    at_seconds: float


@dataclass(frozen=True)
class TurnFault(Fault):
    """It happens to one turn (Azure's request id), or to each.

    Args:
        turn: The number of the turn, counted from 1 over the emulator's life; None: each.
    """

    turn: int | None = None
    times: int | None = dataclasses.field(default=None, kw_only=True)


@dataclass(frozen=True)
class UtteranceFault(Fault):
    """It happens to one utterance, or to each.

    An utterance counts when its result is due, so one whose audio is sent again counts once.

    Args:
        utterance: The number of the utterance, counted from 1 over the emulator's life; None: each.
    """

    utterance: int | None = None
    times: int | None = dataclasses.field(default=None, kw_only=True)


@dataclass(frozen=True)
class VoiceFault(UtteranceFault):
    """It happens to the voices of one utterance, or of each.

    Args:
        language: Only to the voice in this language; None: to the voice in each.
    """

    language: str | None = dataclasses.field(default=None, kw_only=True)


@dataclass(frozen=True)
class TextFault(Fault):
    """It happens to one text that a synthesizer speaks, or to each.

    Args:
        text: The number of the text, counted from 1 over the emulator's life; None: each.
    """

    text: int | None = None
    times: int | None = dataclasses.field(default=None, kw_only=True)


def check_reason(reason: str) -> None:
    """Refuse a reason that does not fit into the close of a WebSocket.

    Raises:
        ValueError: It is longer.
    """
    if len(reason.encode()) > _LONGEST_REASON_BYTES:
        raise ValueError(f"reason must be at most {_LONGEST_REASON_BYTES} bytes")
