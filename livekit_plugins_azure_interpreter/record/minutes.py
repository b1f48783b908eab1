"""What was said in a meeting, put together from its entries. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .entries import Corrected, Entry, Heard, Joined, Started, Utterance

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Said:
    """An utterance, with all that became known of it.

    Attributes:
        utterance: Its entry.
        start_seconds: When it began, from the beginning of the meeting.
        end_seconds: When it ended, likewise.
        translations: The translations by language, corrected.
        heard: What was heard of each translation that has a voice, by language.
    """

    utterance: Utterance
    start_seconds: float
    end_seconds: float
    translations: Mapping[str, str]
    heard: Mapping[str, Heard]

    @property
    def speaker(self) -> str:
        """The speaker's name; their identity if they have none."""
        return self.utterance.name or self.utterance.person or "?"


@dataclass(frozen=True)
class Minutes:
    """A meeting.

    Attributes:
        meeting: Its id.
        room: The name of its room.
        started_at: The first of all times in it, in Unix seconds.
        said: What was said, in the order in which it began.
        others: The entries that are about no utterance, in order.
        names: The names of all people, by identity.
    """

    meeting: str
    room: str
    started_at: float
    said: Sequence[Said]
    others: Sequence[Entry]
    names: Mapping[str, str]


def minutes(entries: Sequence[Entry]) -> Minutes:
    """Put the entries of one meeting together; there must be at least one."""
    spoken = _of(entries, Utterance)
    started_at = min([entry.at for entry in entries] + [one.started_at for one in spoken])
    heard: dict[str, dict[str, Heard]] = defaultdict(dict)
    corrected: dict[str, dict[str, str]] = defaultdict(dict)
    for one in _of(entries, Heard):
        heard[one.utterance][one.language] = one
    for correction in _of(entries, Corrected):
        corrected[correction.utterance][correction.language] = correction.text
    said = [
        Said(
            one,
            one.started_at - started_at,
            max(one.started_at, one.ended_at) - started_at,
            {**one.translations, **corrected[one.id]},
            heard[one.id],
        )
        for one in spoken
    ]
    return Minutes(
        meeting=entries[0].meeting,
        room=next((one.room for one in reversed(_of(entries, Started)) if one.room), ""),
        started_at=started_at,
        said=sorted(said, key=lambda one: (one.start_seconds, one.utterance.number)),
        others=[one for one in entries if not isinstance(one, (Utterance, Heard, Corrected))],
        names={one.person: one.name or one.person for one in _of(entries, Joined)},
    )


def _of(entries: Sequence[Entry], kind: type[E]) -> list[E]:
    return [entry for entry in entries if isinstance(entry, kind)]
