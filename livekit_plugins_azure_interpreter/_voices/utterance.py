"""A translated utterance in one spoken language: its text, its voice and its states. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from .meter import Meter, Outcome
from .samples import Samples
from .text_key import text_key

if TYPE_CHECKING:
    from typing_extensions import Self

_LONGEST_LEAD_SECONDS = 30.0
"""Silence before the first sound of a voice is kept back for so long."""


class State(IntEnum):
    """The state of an utterance's voice."""

    RECOGNIZED = 0
    """Translated; no sound of its voice has come."""
    VOICING = 1
    """Its voice has begun."""
    VOICED = 2
    """Its voice is complete."""
    LOST = 3
    """No more audio will come."""


class Step(Enum):
    """The events of an utterance's voice."""

    AUDIO = "audio"
    COMPLETE = "complete"
    LOSE = "lose"


# The state after each step; a missing step is illegal. A complete voice can still be lost before
# somebody claims it: its audio is dropped if too much waits.
_NEXT = {
    (State.RECOGNIZED, Step.AUDIO): State.VOICING,
    (State.RECOGNIZED, Step.LOSE): State.LOST,
    (State.VOICING, Step.AUDIO): State.VOICING,
    (State.VOICING, Step.COMPLETE): State.VOICED,
    (State.VOICING, Step.LOSE): State.LOST,
    (State.VOICED, Step.LOSE): State.LOST,
}


class LostReason(str, Enum):
    """Why an utterance has no (more) audio."""

    TIMEOUT = "Azure sent no voice in time"
    STALLED = "the voice stopped in its middle"
    EMPTY = "the voice had no sound"
    IN_DOUBT = "a voice came that may belong to another utterance"
    RECONNECTED = "the connection was lost"
    ENDED = "the stream ended"
    EVICTED = "too much audio was waiting to be spoken"
    TEXT_ONLY = "no voice was asked for"
    SAME_LANGUAGE = "Azure gives no voice to speech that is in the target language already"


class IllegalStep(Exception):
    """A step that the utterance's state does not allow. Nothing was changed."""


class _OfUtterance(str):
    """A text that knows its utterance."""

    utterance: Utterance

    def __new__(cls, text: str, utterance: Utterance) -> Self:
        self = super().__new__(cls, text)
        self.utterance = utterance
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        # LiveKit pickles a job's log records for the worker. In another process it is a plain text.
        return str, (str(self),)


class Translation(_OfUtterance):
    """A translated text that knows its utterance, so that `TTS` finds the voice by identity."""


class Clause(_OfUtterance):
    """A piece of a translation that is said while the speaker goes on: it can be spoken as it is, at once."""


@dataclass(eq=False)
class Utterance:
    """One translated utterance and its voice, in one spoken language.

    Attributes:
        id: The same in each spoken language; otherwise unique in this process.
        recognized_at: When its final result came, on the ledger's clock.
        samples: Its voice so far, in order; empty once it was spoken.
        seconds: How long its voice is so far.
        lost_reason: Why it is LOST.
        same_language: It was spoken in the target language.
        handed_out: Somebody was given its translation, to have it spoken.
        wanted: False: nobody will say it, or its speech is over. Its voice keeps its place in line, but
            its audio is dropped.
        meter: Measures its timing and its outcome.
        times: Where it begins and ends on the clock of its stream, as its final transcript has it.
        corrected: Its text was corrected, so its voice says something else.
        is_being_said: Its text is said clause by clause, since before its end. Nobody says it again.
        rest: What is still to be said, if the beginning was said before; None: all of it.
        changed: Called after each change of the voice; the claimer sets it.
        lead: The silence before its first sound. A voice without any sound counts as none, so that a fallback
            can speak: the service sends zeros for what it cannot speak.
    """

    id: str
    text: str
    recognized_at: float
    state: State = State.RECOGNIZED
    same_language: bool = False
    claimed: bool = False
    handed_out: bool = False
    wanted: bool = True
    samples: list[Samples] = field(default_factory=list)
    seconds: float = 0.0
    lost_reason: LostReason | None = None
    meter: Meter = field(default_factory=Meter)
    times: tuple[float, float] | None = None
    corrected: bool = False
    is_being_said: bool = False
    rest: str | None = None
    changed: Callable[[], None] | None = None
    lead: list[Samples] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._name()

    @classmethod
    def begun(cls, id: str, now: float) -> Utterance:
        """One that is said while it is still being spoken: Azure has no voice for it, and its text will come.

        Args:
            id: The id that it will have.
            now: When the first words of it were certain.
        """
        self = cls(id, "", now, is_being_said=True, handed_out=True)
        self.lose(LostReason.TEXT_ONLY)
        self.claim()
        return self

    def end_as(self, final: Utterance) -> None:
        """Take the text and the places of the final result."""
        self.text, self.times = final.text, final.times
        self.same_language, self.corrected = final.same_language, final.corrected
        self._name()

    @property
    def unsaid(self) -> Translation:
        """What is still to be said."""
        return self.translation if self.rest is None else Translation(self.rest, self)

    def _name(self) -> None:
        self.key = text_key(self.text)
        self.translation = Translation(self.text, self)

    @property
    def done(self) -> bool:
        """No more audio will come."""
        return self.state in (State.VOICED, State.LOST)

    def add(self, samples: Samples) -> None:
        """A piece of its voice came."""
        self.lead.append(samples)
        if self._is_before_its_sound(samples):
            return
        self._step(Step.AUDIO)
        if self.wanted:
            self.samples += self.lead
        self.seconds += sum(piece.seconds for piece in self.lead)
        self.lead = []
        self._notify()

    def _is_before_its_sound(self, samples: Samples) -> bool:
        if self.state is not State.RECOGNIZED or not samples.is_silent:
            return False
        return sum(piece.seconds for piece in self.lead) < _LONGEST_LEAD_SECONDS

    def complete(self) -> None:
        """Its voice is complete."""
        self._step(Step.COMPLETE)
        self._notify()

    def lose(self, reason: LostReason) -> None:
        """No more audio will come. A claimer keeps the audio that came."""
        if self.claimed and self.state is State.VOICED:
            raise IllegalStep("a complete voice that is claimed cannot be lost")
        self._step(Step.LOSE)
        self.lost_reason = reason
        self.lead = []
        if not self.claimed:
            self.samples.clear()
            self.seconds = 0.0
        self._notify()

    def claim(self) -> None:
        """From now on the voice belongs to one speech."""
        if self.claimed:
            raise IllegalStep("the utterance is claimed already")
        self.claimed = True

    def let_go(self, outcome: Outcome = "not_spoken") -> None:
        """Note that nobody will say it."""
        self.claim()
        self.free_sound()
        self.meter.end(outcome)

    def free_sound(self) -> None:
        """Drop its audio, and any that still comes, because somebody may keep its text for long."""
        self.wanted = False
        self.samples.clear()

    def _step(self, step: Step) -> None:
        following = _NEXT.get((self.state, step))
        if following is None:
            raise IllegalStep(f"{step.value} after {self.state.name}")
        self.state = following

    def _notify(self) -> None:
        if self.changed is not None:
            self.changed()
