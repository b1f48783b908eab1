"""How certain the order of voices is: the modes of matching, and what leads from one to another. Pure.

The theory. Azure ties a voice to its translation by nothing but order, so an utterance stands in line, and
the voice that begins next is of the first in line. That holds while each utterance gets exactly one voice,
soon after its result. Four things can be true:

* `InStep`: it holds. The next voice is of the first in line.
* `Ahead`: voices began that no result has come for yet. They are held; the next result takes the oldest.
* `Ambiguous`: the first in line was spoken in the target language, and whether the service voices such
  speech is not known yet. The next voice may be of the first, or of the one behind. Voices are held until
  their number, or the end of the wait, decides.
* `InDoubt`: a voice is missing, late or cut, so the next one may be another's. No utterance gets a voice
  until a pause is so long that no older voice can still come. An utterance whose turn comes meanwhile is
  lost, and the fallback speaks it: a missing voice can be replaced, a wrong one was heard.

Each mode's data is a frozen object, and `NEXT` holds every way from one mode to another. No other way
exists: `following` raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .held_voice import Voice


@dataclass(frozen=True)
class InStep:
    """The next voice is of the first in line."""


@dataclass(frozen=True)
class Ahead:
    """These voices wait for their results, the oldest first. Nobody is in line."""

    voices: tuple[Voice, ...]


@dataclass(frozen=True)
class Ambiguous:
    """These voices belong to utterances in line, in order; it is not known to which."""

    voices: tuple[Voice, ...]


@dataclass(frozen=True)
class InDoubt:
    """Until a certain time the next voice may belong to any utterance.

    Args:
        until: The time at which the pause is long enough; it moves while a voice is under way.
        orphans: How many voices came that may belong to results still to come.
    """

    until: float
    orphans: int = 0


Mode = InStep | Ahead | Ambiguous | InDoubt


class Finding(Enum):
    """The meaning of a report for the order of voices."""

    VOICE_AHEAD = "a voice began, and nobody is in line"
    RESULT_CAME = "a result came for the oldest of the voices that are ahead"
    LAST_RESULT_CAME = "a result came for the last of the voices that are ahead"
    VOICE_OF_EITHER = "a voice began that is of the first in line, or of the one behind"
    TOLD_APART = "it is clear whose the held voices are"
    ORDER_LOST = "a voice is missing, late or cut, or voices were held for too long"
    VOICE_OF_ANYBODY = "a voice began, went on or ended while it may be anybody's"
    RESULT_OF_ORPHAN = "a result came that may be of a voice that nobody was given"
    QUIET = "no older voice can come any more"
    CUT = "the connection is gone, and all its voices with it"


NEXT: dict[tuple[type[Mode], Finding], type[Mode]] = {
    (InStep, Finding.VOICE_AHEAD): Ahead,
    (InStep, Finding.VOICE_OF_EITHER): Ambiguous,
    (InStep, Finding.ORDER_LOST): InDoubt,
    (InStep, Finding.CUT): InStep,
    (Ahead, Finding.VOICE_AHEAD): Ahead,
    (Ahead, Finding.RESULT_CAME): Ahead,
    (Ahead, Finding.LAST_RESULT_CAME): InStep,
    (Ahead, Finding.ORDER_LOST): InDoubt,
    (Ahead, Finding.CUT): InStep,
    (Ambiguous, Finding.VOICE_OF_EITHER): Ambiguous,
    (Ambiguous, Finding.TOLD_APART): InStep,
    (Ambiguous, Finding.ORDER_LOST): InDoubt,
    (Ambiguous, Finding.CUT): InStep,
    (InDoubt, Finding.VOICE_OF_ANYBODY): InDoubt,
    (InDoubt, Finding.RESULT_OF_ORPHAN): InDoubt,
    (InDoubt, Finding.ORDER_LOST): InDoubt,
    (InDoubt, Finding.QUIET): InStep,
    (InDoubt, Finding.CUT): InStep,
}


class IllegalFinding(Exception):
    """A finding that the mode does not allow: a fault of this package."""


def following(mode: Mode, finding: Finding, then: Mode) -> Mode:
    """`then`, if the finding leads there from the mode.

    Raises:
        IllegalFinding: It does not.
    """
    if NEXT.get((type(mode), finding)) is not type(then):
        raise IllegalFinding(f"{finding.name} in {type(mode).__name__}, to {type(then).__name__}")
    return then
