"""Meetings drawn from seeds: who comes, speaks, is muted, changes the language, and goes, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from .meeting import FIRST_UTTERANCE, LANGUAGES, FakeRoom, Utterance

_SHORTEST_PAUSE_SECONDS = 0.4


@dataclass(frozen=True)
class Action:
    """Something that somebody does; `apply` tells what it can be."""

    at: float
    what: str
    who: str
    track: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    utterance: Utterance | None = None

    def __str__(self) -> str:
        said = self.utterance
        more = dict(self.attributes) or self.track
        if said is not None:
            more = f"{said.number} in {said.language} on {said.track} until {said.end:.2f}"
        return f"{self.at:7.3f} {self.who} {self.what} {more or ''}"

    def apply(self, room: FakeRoom) -> None:
        if self.what == "join":
            room.join(self.who, **dict(self.attributes))
        elif self.what == "leave":
            room.leave(self.who)
        elif self.what == "set":
            room.set(self.who, **dict(self.attributes))
        elif self.what == "publish":
            room.publish_microphone(self.who, self.track)
        elif self.what == "unpublish":
            room.unpublish(self.who, self.track)
        elif self.what in ("mute", "unmute"):
            room.mute(self.who, self.track, self.what == "mute")
        else:
            assert self.utterance is not None
            room.say(self.utterance)


@dataclass
class Script:
    """All that happens in one meeting, in order.

    Attributes:
        max_streams: The ceiling; fewer than may be wanted in some meetings.
    """

    seed: int
    people: int
    max_streams: int
    seconds: float
    actions: list[Action] = field(default_factory=list)

    def __str__(self) -> str:
        head = f"meeting {self.seed}: {self.people} people, at most {self.max_streams} streams"
        return "\n".join([head, *map(str, self.actions)])


class _Drawer:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        people = self.rng.choice([2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12])
        ceiling = self.rng.randint(1, 4) if self.rng.random() < 0.15 else 100
        self.script = Script(seed, people, ceiling, seconds=self.rng.uniform(7.0, 12.0))
        self.numbers = iter(range(FIRST_UTTERANCE, 32000))

    def draw(self) -> Script:
        for index in range(self.script.people):
            self._life(f"p{index}")
        self.script.actions.sort(key=lambda action: action.at)
        return self.script

    def _life(self, who: str) -> None:
        """One person: they come, may go and come back, and speak and change meanwhile."""
        rng = self.rng
        now = rng.choice([0.0, 0.0, rng.uniform(0.0, 6.0)])
        for visit in range(rng.choice([1, 1, 1, 2])):
            until = min(self.script.seconds, now + rng.uniform(5.0, 30.0))
            if now >= self.script.seconds - 2.0:
                return
            self._visit(who, visit, now, until)
            if until < self.script.seconds:
                self._add(until, "leave", who)
            now = until + rng.uniform(0.5, 3.0)

    def _visit(self, who: str, visit: int, now: float, until: float) -> None:
        rng = self.rng
        spoken = rng.choice(LANGUAGES)
        kind = rng.choices(["same", "other", "none"], [12, 4, 1])[0]
        attributes = {"language": spoken}
        if kind == "other":
            attributes = {"language": rng.choice(LANGUAGES), "spoken_language": spoken}
        elif kind == "none":
            attributes = {}
        # Drawn apart, so that the rest of a meeting does not depend on it.
        reading = random.Random(f"{self.script.seed} {who} {visit} reads")
        if reading.random() < 0.25:
            attributes["read_language"] = reading.choice(LANGUAGES)
        self._add(now, "join", who, attributes=tuple(attributes.items()))
        tracks = {f"{who}-{visit}-mic": False}
        self._add(now, "publish", who, track=next(iter(tracks)))
        talkative = rng.uniform(0.5, 4.0)
        silent_from = now
        now += rng.uniform(0.05, talkative)
        while now < until - 0.1:
            live = [track for track, muted in tracks.items() if not muted]
            what = rng.choices(["say", "mute", "language", "track"], [20, 3, 3, 2])[0]
            if what == "say" and live and now > silent_from + _SHORTEST_PAUSE_SECONDS:
                silent_from = self._say(who, spoken, rng.choice(live), now, until)
                # Mostly they say it to its end; else something happens amid it.
                now = silent_from if rng.random() < 0.85 else rng.uniform(now, silent_from)
            elif what == "mute" and tracks:
                track = rng.choice(list(tracks))
                tracks[track] = not tracks[track]
                self._add(now, "mute" if tracks[track] else "unmute", who, track=track)
            elif what == "language" and kind != "none":
                wanted = rng.choice(LANGUAGES)
                if kind == "same":
                    spoken = wanted
                self._add(now, "set", who, attributes=(("language", wanted),))
            elif what == "track":
                second = f"{who}-{visit}-second-{now:.3f}"
                self._another_track(who, tracks, second, now)
            now += rng.uniform(0.0, 0.3) if rng.random() < 0.2 else rng.uniform(0.2, talkative)

    def _say(self, who: str, language: str, track: str, now: float, until: float) -> float:
        rng = self.rng
        seconds = min(rng.uniform(0.4, 3.0), until - now)
        number = next(self.numbers)
        voice_seconds = round(rng.uniform(0.4, 2.5), 1)
        utterance = Utterance(number, who, language, track, now, now + seconds, voice_seconds)
        self._add(now, "say", who, utterance=utterance)
        return now + seconds

    def _another_track(self, who: str, tracks: dict[str, bool], second: str, now: float) -> None:
        if len(tracks) > 1:
            gone = self.rng.choice(list(tracks))
            del tracks[gone]
            self._add(now, "unpublish", who, track=gone)
        else:
            tracks[second] = False
            self._add(now, "publish", who, track=second)

    def _add(
        self,
        at: float,
        what: str,
        who: str,
        *,
        track: str = "",
        attributes: tuple[tuple[str, str], ...] = (),
        utterance: Utterance | None = None,
    ) -> None:
        self.script.actions.append(Action(at, what, who, track, attributes, utterance))


def draw(seed: int) -> Script:
    """The meeting of a seed."""
    return _Drawer(seed).draw()
