"""The state of one emulated client session, kept over its turns and reconnects."""

from __future__ import annotations

from collections import deque

from ..behaviour import Behaviour
from ..faults.schedule import FaultSchedule
from ..script import Line, Voice
from .speech_context import Detection
from .vad import EnergyVad, ScriptedVad, Vad

_SAME_STRETCH_SECONDS = 0.3
"""Audio that is sent again is cut a little differently; closer starts are the same stretch."""
_STRETCHES_KEPT = 1000
"""Audio is never sent again from so far back."""


class Conversation:
    """The utterances of one session (Azure's X-ConnectionId) and their lines.

    Attributes:
        now: The position up to which its audio was heard, in seconds.
        silent_turns: How many of its turns ended in silence.
    """

    def __init__(self, behaviour: Behaviour, faults: FaultSchedule | None = None) -> None:
        self.behaviour = behaviour
        self.faults = FaultSchedule(behaviour.faults) if faults is None else faults
        self.silent_turns = 0
        self.now = 0.0
        self._script = behaviour.script
        self._starts: deque[tuple[int, float]] = deque(maxlen=_STRETCHES_KEPT)

    def heard_until(self, seconds: float) -> None:
        """Note how far the session's audio was heard."""
        self.now = max(self.now, seconds)

    def vad(self, sample_rate: int, start_seconds: float, detection: Detection) -> Vad:
        """Listen to audio that begins at a position in the stream."""
        stretches = [
            (line.start_seconds, line.end_seconds)
            for line in (() if callable(self._script) else self._script)
            if line.start_seconds is not None and line.end_seconds is not None
        ]
        if stretches:
            return ScriptedVad(stretches, sample_rate, start_seconds=start_seconds)
        return EnergyVad(
            sample_rate,
            start_seconds=start_seconds,
            silence_ms=detection.segment_silence_ms or self.behaviour.silence_ms,
            longest_seconds=detection.longest_seconds or self.behaviour.longest_seconds,
        )

    def line(self, samples: Voice, start_seconds: float, index: int | None = None) -> Line:
        """The line of the utterance that starts here; the same one when its audio is sent again."""
        if callable(self._script):
            return self._script(samples)
        number = self._number(start_seconds) if index is None else index
        if number < len(self._script):
            return self._script[number]
        return Line(f"utterance {number + 1}", language="und")

    def _number(self, start_seconds: float) -> int:
        for number, start in reversed(self._starts):
            if abs(start - start_seconds) <= _SAME_STRETCH_SECONDS:
                return number
        number = self._starts[-1][0] + 1 if self._starts else 0
        self._starts.append((number, start_seconds))
        return number
