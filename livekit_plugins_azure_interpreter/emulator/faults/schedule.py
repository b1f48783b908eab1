"""Decides which faults happen now, and counts how often each has happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ..languages import in_language
from .base import Fault, HandshakeFault, PositionFault, TextFault, TurnFault, UtteranceFault, VoiceFault

F = TypeVar("F", bound=Fault)
G = TypeVar("G", bound=Fault)


class _FaultsNow(Generic[G]):
    def __init__(self, faults: Sequence[G] = ()) -> None:
        self._faults = faults

    def get(self, kind: type[F]) -> F | None:
        """The fault of this kind, if it happens."""
        return next((fault for fault in self._faults if isinstance(fault, kind)), None)

    def any(self, *kinds: type[Fault]) -> bool:
        """Whether a fault of one of these kinds happens."""
        return any(isinstance(fault, kinds) for fault in self._faults)


class UtteranceFaults(_FaultsNow[UtteranceFault]):
    """The faults of one utterance."""

    def of_voice(self, language: str) -> UtteranceFaults:
        """Those that the voice in a language has."""
        return UtteranceFaults([fault for fault in self._faults if _meets(fault, [language])])


class TurnFaults(_FaultsNow[TurnFault]):
    """The faults of one turn."""


def _meets(fault: UtteranceFault, voiced_languages: Sequence[str]) -> bool:
    """Whether it is of no one voice, or of a voice in one of these languages."""
    language = fault.language if isinstance(fault, VoiceFault) else None
    return language is None or any(in_language({language: True}, voiced) for voiced in voiced_languages)


class FaultSchedule:
    """The faults that will still happen, over the life of an emulator.

    It counts all sessions together: a client that tries again is a new session to the service.

    Args:
        faults: The faults.
        struck: Called with each that happens.
    """

    def __init__(self, faults: Sequence[Fault] = (), struck: Callable[[Fault], None] | None = None) -> None:
        self._faults = tuple(faults)
        self._struck = struck
        self._left = [fault.times for fault in self._faults]
        self._handshakes = 0
        self._turns = 0
        self._utterances = 0
        self._texts = 0

    def at_handshake(self) -> HandshakeFault | None:
        """The fault of the client that connects now."""
        self._handshakes += 1
        due = self._take(HandshakeFault, lambda fault: fault.from_connection <= self._handshakes, most=1)
        return due[0] if due else None

    def at_position(self, before: float, now: float) -> list[PositionFault]:
        """The faults while a session's audio moves from one position to another, in seconds."""
        return self._take(PositionFault, lambda fault: before < fault.at_seconds <= now)

    def of_next_turn(self) -> TurnFaults:
        """The faults of the turn that begins now."""
        self._turns += 1
        number = self._turns
        return TurnFaults(self._take(TurnFault, lambda fault: fault.turn in (None, number)))

    def of_next_utterance(self, voiced_languages: Sequence[str] = ()) -> UtteranceFaults:
        """The faults of the utterance whose result is due now, and which is spoken in these languages."""
        self._utterances += 1
        numbers = (None, self._utterances)
        due = self._take(
            UtteranceFault, lambda fault: fault.utterance in numbers and _meets(fault, voiced_languages)
        )
        return UtteranceFaults(due)

    def of_next_text(self) -> TextFault | None:
        """The fault of the text that is spoken now."""
        self._texts += 1
        number = self._texts
        due = self._take(TextFault, lambda fault: fault.text in (None, number), most=1)
        return due[0] if due else None

    def _take(self, kind: type[F], due: Callable[[F], bool], most: int | None = None) -> list[F]:
        taken: list[F] = []
        for index, (fault, left) in enumerate(zip(self._faults, self._left, strict=True)):
            if len(taken) != most and left != 0 and isinstance(fault, kind) and due(fault):
                taken.append(fault)
                self._left[index] = None if left is None else left - 1
                if self._struck is not None:
                    self._struck(fault)
        return taken
