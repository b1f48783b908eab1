"""What became of the utterances of one case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from fakes.room import PADDING, Audio, OtherVoice

from . import speech
from .cases import Case

_ROUNDING = 4
_TIME_ERROR_MS = 50.0


@dataclass
class Outcome:
    """The counts of one case; what must be 0 is `zeros`.

    Attributes:
        spoken: Utterances that were said.
        own_voice: Heard whole in their own voice, every sample.
        fallback: Heard in the fallback's voice.
        cut: Heard in part.
        missing_seconds: What the cut ones lack.
        lost: Not heard at all.
        repeated: Heard once more than said.
        out_of_order: Heard after one that was said later.
        swapped: Heard with samples of something else.
        time_error_ms: The most by which a start time is off its place in the audio, as the first has it.
        connections: How many connections to the service there were.
        recovery_seconds: The longest time from the end of an utterance to its final result.
    """

    spoken: int
    own_voice: int = 0
    fallback: int = 0
    cut: int = 0
    missing_seconds: float = 0.0
    lost: int = 0
    repeated: int = 0
    out_of_order: int = 0
    swapped: int = 0
    time_error_ms: float = 0.0
    recovery_seconds: float = 0.0
    connections: int = 0
    error: str = ""

    @property
    def zeros(self) -> bool:
        return not (self.lost or self.repeated or self.out_of_order or self.swapped)

    def holds(self, case: Case, language: str = "fr") -> bool:
        """As it must be: nothing cut but as many voices as were dropped while they sounded."""
        connected = case.connections in (None, self.connections) and not self.error
        whole = case.faulty_language in (None, language) or self.own_voice == self.spoken
        in_time = self.time_error_ms <= _TIME_ERROR_MS
        return self.zeros and connected and whole and in_time and self.cut <= case.cuts

    def as_json(self) -> dict[str, Any]:
        return {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Final:
    """A final result: of which utterance, where in the audio it began, how long after its end it came."""

    number: int
    start_seconds: float
    delay_seconds: float


def judge_texts(count: int, finals: Sequence[Final], spacing_seconds: float) -> Outcome:
    """Whether every utterance was recognized once, and in order."""
    outcome = Outcome(count)
    _judge_order(outcome, [final.number for final in finals])
    # A session's clock begins a little before its stream; what counts is that no attempt moves it.
    starts = [final.start_seconds - speech.start_seconds(final.number, spacing_seconds) for final in finals]
    outcome.time_error_ms = max((abs(start - starts[0]) * 1000 for start in starts), default=0.0)
    outcome.recovery_seconds = max((final.delay_seconds for final in finals), default=0.0)
    return outcome


def judge_voices(
    outcome: Outcome, heard: Sequence[tuple[str, bytes]], voice_of: Callable[[int], Sequence[bytes]]
) -> None:
    """Add what was heard: the text of each speech, and its samples."""
    texts = outcome.lost, outcome.repeated, outcome.out_of_order
    outcome.lost = outcome.repeated = outcome.out_of_order = 0
    _judge_order(outcome, [speech.number_of(text) for text, pcm in heard if pcm])
    worst = [max(pair) for pair in zip(texts, _order(outcome), strict=True)]
    outcome.lost, outcome.repeated, outcome.out_of_order = worst
    other = OtherVoice()
    for text, pcm in heard:
        voices = voice_of(speech.number_of(text))
        if any(_same(pcm, voice) for voice in voices):
            outcome.own_voice += 1
        elif Audio().same(pcm, other.pcm(text)):
            outcome.fallback += 1
        elif pcm and (whole := next((voice for voice in voices if _begins(voice, pcm)), None)):
            outcome.cut += 1
            outcome.missing_seconds += (len(whole) - len(pcm)) / 2 / speech.RATE_HZ
        elif pcm:
            outcome.swapped += 1


def _order(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.lost, outcome.repeated, outcome.out_of_order


def _judge_order(outcome: Outcome, numbers: Sequence[int]) -> None:
    times = Counter(numbers)
    outcome.lost = sum(number not in times for number in range(1, outcome.spoken + 1))
    outcome.repeated = sum(count - 1 for count in times.values())
    outcome.out_of_order = sum(later < earlier for earlier, later in pairwise(numbers))


def _begins(voice: bytes, pcm: bytes) -> bool:
    return voice.startswith(pcm) or (pcm.endswith(PADDING) and voice.startswith(pcm[: -len(PADDING)]))


def _same(pcm: bytes, voice: bytes) -> bool:
    """Sample for sample, but for what a resampler rounds otherwise when it is handed other pieces."""
    for whole in (pcm, pcm.removesuffix(PADDING)):
        if len(whole) == len(voice):
            heard, expected = (np.frombuffer(part, dtype="<i2").astype(int) for part in (whole, voice))
            return bool(np.all(np.abs(heard - expected) <= _ROUNDING))
    return False
