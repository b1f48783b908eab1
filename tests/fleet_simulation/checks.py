"""What must be true at every moment, told from the world alone; the code under test is not asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from livekit_plugins_azure_interpreter.record import Entry

from .redis import FakeRedis
from .room import Room

ALONE_SECONDS = 10.0


@dataclass(frozen=True)
class Alone:
    """A room had people who want an interpreter, and none that lives.

    Attributes:
        unanswered: How often meanwhile a frozen worker was asked for one.
    """

    room: str
    since: float
    seconds: float
    unanswered: int

    @property
    def is_too_long(self) -> bool:
        return self.seconds > ALONE_SECONDS

    @property
    def is_excused(self) -> bool:
        """LiveKit has asked frozen workers more than once: it does not know that they are, and draws."""
        return self.unanswered > 1


@dataclass
class Checks:
    """Collects problems.

    Attributes:
        now: The time.
        problems: What is not as it must be, one sentence each, by the check.
        alone: Each time at which a room was alone, also at its beginning.
        said: How often each utterance was recorded.
        told: The entries that the record has confirmed, by meeting, each with its number.
        meetings: The meetings of the record in each room.
    """

    now: Callable[[], float]
    problems: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    alone: list[Alone] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    told: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    meetings: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _alone_since: dict[str, dict[Room, float]] = field(default_factory=lambda: defaultdict(dict))

    # No meeting is alone

    def room_changed(self, region: str, room: Room, *, is_there: bool) -> None:
        alone_since = self._alone_since[region]
        is_alone = is_there and bool(room.people) and not room.is_served
        if is_alone and room not in alone_since:
            alone_since[room], room.unanswered = self.now(), 0
        elif not is_alone and room in alone_since:
            self._is_over(room, alone_since.pop(room))

    def rooms_alone(self, region: str) -> Collection[Room]:
        """The rooms of a region that are alone now."""
        return self._alone_since[region].keys()

    def ended(self) -> None:
        """The day is over."""
        for alone_since in self._alone_since.values():
            for room, since in alone_since.items():
                self._is_over(room, since)

    def _is_over(self, room: Room, since: float) -> None:
        one = Alone(room.name, since, self.now() - since, room.unanswered)
        self.alone.append(one)
        if one.is_too_long and not one.is_excused:
            self.problems["alone"].append(f"{room.name} was alone for {one.seconds:.1f} s at {since:.0f}")

    # No entry is lost or doubled

    def entry_told(self, room: str, entry: Entry) -> None:
        self.meetings[room].add(entry.meeting)
        told = self.told[entry.meeting]
        if entry.id in told:
            self.problems["record"].append(f"{entry.id} of {entry.meeting} was confirmed twice")
        told[entry.id] = entry.number

    def meeting_ended(self, room: str, redis: FakeRedis) -> None:
        """Compare what was confirmed with what is kept."""
        for meeting in self.meetings.pop(room, ()):
            told, kept = self.told.pop(meeting), redis.kept[meeting]
            if lost := {one for one, number in told.items() if kept.numbers.get(one) != number}:
                self.problems["record"].append(f"{len(lost)} confirmed entries of {meeting} are not kept")
            if len(set(kept.numbers.values())) < len(kept.numbers):
                self.problems["record"].append(f"two entries of {meeting} have one number")
            self.said.update(kept.texts)
            redis.forget_entries(meeting)

    def utterances_ended(self, said: int) -> tuple[int, int]:
        """How many utterances were recorded never, and more than once."""
        twice = [text for text, times in self.said.items() if times > 1]
        for text in twice:
            self.problems["record"].append(f"{text} was recorded {self.said[text]} times")
        return said - len(self.said), len(twice)

    # No resource is over its quota

    def over_quota(self, resource: str, process: str, *, is_excused: bool) -> None:
        """Another connection was asked for where all places are taken.

        Args:
            is_excused: Redis is away, or does not know all leases yet: each process has its share only.
        """
        if not is_excused:
            self.problems["quota"].append(f"{resource} was asked by {process} for more than it has")

    def over_share(self, resource: str, process: str, streams: int) -> None:
        self.problems["quota"].append(f"{process} had {streams} streams at {resource} while Redis was away")
