"""A voice under way, or one that waits for its utterance. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from .samples import Samples
from .utterance import LostReason, Utterance


@dataclass(eq=False)
class Voice:
    """One voice, as framing reports it.

    Attributes:
        owner: Its utterance; None if that is not known yet, or if there is none.
        position: How much of the stream's audio had been sent when it began, in seconds.
        last_at: When its last piece came.
        held: Its pieces, while it has no owner.
        ended: Nothing more comes of it.
        discarded: No utterance gets it.
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
        """Note that it is complete."""
        self.ended = True
        owner = self.owner
        if owner is None or owner.done:
            return
        if owner.seconds:
            owner.complete()
        else:
            owner.lose(LostReason.EMPTY)

    def give(self, owner: Utterance) -> None:
        """Give it to its utterance, which is known now."""
        self.owner = owner
        for samples in self.held:
            owner.add(samples)
        self.held = []
        if self.ended:
            self.end()

    def discard(self) -> float:
        """Drop it. Returns how much of it was held, in seconds."""
        seconds = self.held_seconds
        self.held, self.discarded = [], True
        return seconds
