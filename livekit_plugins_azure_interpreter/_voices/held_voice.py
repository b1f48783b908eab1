"""A voice under way, or one that waits for its utterance. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from .samples import Samples
from .utterance import LostReason, Utterance


@dataclass(eq=False)
class Voice:
    """One voice, as framing tells of it.

    Attributes:
        owner: Whose it is; None: not known yet, or nobody's.
        position: How much of the stream's audio had been sent when it began, in seconds.
        last_at: When its last piece came.
        held: Its pieces, while it has no owner.
        ended: Nothing more comes of it.
        discarded: Nobody is given it.
    """

    owner: Utterance | None
    last_at: float
    position: float = 0.0
    held: list[Samples] = field(default_factory=list)
    ended: bool = False
    discarded: bool = False

    @property
    def held_seconds(self) -> float:
        """How much of it waits for an owner."""
        return sum(samples.seconds for samples in self.held)

    def end(self) -> None:
        """It is whole."""
        self.ended = True
        owner = self.owner
        if owner is None or owner.done:
            return
        if owner.seconds:
            owner.complete()
        else:
            owner.lose(LostReason.EMPTY)

    def give(self, owner: Utterance) -> None:
        """The utterance that it is of is known now."""
        self.owner = owner
        for samples in self.held:
            owner.add(samples)
        self.held = []
        if self.ended:
            self.end()

    def discard(self) -> float:
        """Nobody is given it. How much of it was held, in seconds."""
        seconds = self.held_seconds
        self.held, self.discarded = [], True
        return seconds
