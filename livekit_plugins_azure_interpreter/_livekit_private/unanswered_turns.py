"""Filters out LiveKit's warning about unanswered turns: an interpreter answers none."""

from __future__ import annotations

import logging

from livekit.agents import Agent

from .sessions import activity

NOT_ANSWERED = "skipping reply to user input, current speech generation cannot be interrupted"


class UnansweredTurns(logging.Filter):
    """Drops LiveKit's warning that a turn gets no reply, where the turn is heard by one kind of agent.

    An interpreter replies to no turn, so the warning says nothing; it comes for each utterance that ends
    while a translation plays, and hides the warnings that matter. LiveKit 1.8.9 has no option without it:
    speech that may be interrupted would be, and without turns nobody is told when somebody speaks. The
    warnings of other agents in the same process stay: the record is made in the task of the turn.
    """

    def __init__(self, kind: type[Agent]) -> None:
        super().__init__()
        self._kind = kind

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg != NOT_ANSWERED:
            return True
        return not isinstance(getattr(activity(), "agent", None), self._kind)
