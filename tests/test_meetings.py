"""Meetings drawn from seeds: whatever people do, each hears the others once, in their own language.

A failing seed is printed with all that happened. `MEETING_SEED=17 pytest tests/test_meetings.py` runs it
alone, and `MEETINGS=5000` as many; `nox -s nightly` runs more than the tests do.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from fakes.booth import is_sound
from fakes.client_contract import broken_rules, sent_too_soon
from fakes.clock import VirtualLoop, run
from fakes.meeting import (
    FIRST_UTTERANCE,
    TICK_SECONDS,
    FakeAzure,
    FakeRoom,
    FakeStream,
    Utterance,
)
from fakes.meeting_script import Script, draw
from fakes.running_meeting import settings_of

from livekit_plugins_azure_interpreter._meeting.planner import Person, Plan, Planner, Route
from livekit_plugins_azure_interpreter._meeting.recording import MeetingRecording
from livekit_plugins_azure_interpreter._meeting.room import Caption
from livekit_plugins_azure_interpreter._meeting.running_meeting import RunningMeeting
from livekit_plugins_azure_interpreter._meeting.turns import LONGEST_WAIT_SECONDS, Turns

MEETINGS = int(os.environ.get("MEETINGS", "4"))
ONE_SEED = os.environ.get("MEETING_SEED")
BATCH = 2
SHORT_FIRST = (8, 15, 3, *range(20))
"""Seeds of a meeting in the order in which a sabotage is found soonest."""
AT_THE_SAME_TIME_FIRST = (11, 12, *SHORT_FIRST)
"""The same where people have to wait for one another."""
HEARD_SECONDS = 12.0
"""Virtual: so long after it was said, all has been heard."""
DRAIN_SECONDS = 30.0
"""So long after everybody has left, nothing is left."""
_AFTER = 0.001
_WHOLE = 0.05
"""Parts of a voice that add up to it may be rounded."""
_FREE_SECONDS = 1.0
"""So long after an interpretation everybody may speak."""
_SOUND_SECONDS = 6.0
"""A sound counts as the beginning of speech for less; who had begun finishes."""
_STEP_SECONDS = 0.1
_EDGE_SECONDS = 0.15
"""Just before a change the last of an utterance may still be on its way, mixed with another track."""
_SILENT_TRACK_SECONDS = 2.0
"""So short that tracks are given up in the pauses of these meetings."""


@dataclass
class Checker:
    """What must be true, told from the script alone; it asks the interpreter nothing."""

    script: Script
    room: FakeRoom
    azure: FakeAzure
    now: Callable[[], float]
    problems: list[str] = field(default_factory=list)
    wants: dict[tuple[str, str], list[tuple[float, str | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    reads: dict[tuple[str, str], list[tuple[float, str | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    there: dict[str, list[tuple[float, bool]]] = field(default_factory=lambda: defaultdict(list))
    crowded: bool = False

    def after_action(self) -> None:
        """Note what everybody wants to hear and to read of everybody else from now on."""
        people = set(self.room.people)
        for who in people | self.there.keys():
            self.there[who].append((self.now(), who in people))
        for listener, speaker in {(a, b) for a in people for b in people} | self.wants.keys():
            self._note(self.wants[listener, speaker], self._wanted(listener, speaker))
            self._note(self.reads[listener, speaker], self._read(listener, speaker))

    def _note(self, history: list[tuple[float, str | None]], wanted: str | None) -> None:
        if not history or history[-1][1] != wanted:
            history.append((self.now(), wanted))

    def count_streams(self) -> None:
        """As many streams hear as there are speakers whom somebody needs, within the ceiling."""
        needed = self._needed()
        hearing = len(self.azure.hearing)
        ending = [stream for stream in self.azure.open if stream.audio_ended_at is not None]
        most = self.script.max_streams
        if len(self.azure.open) > most:
            self._problem(f"{len(self.azure.open)} streams are open, at most {most} may be")
        if needed + len(ending) > most:
            self.crowded = True
        elif not self.crowded and hearing != needed:
            self._problem(f"{hearing} streams hear, {needed} are needed")
        if hearing > needed:
            self._problem(f"{hearing} streams hear, no more than {needed} are needed")
        for stream in ending:
            if self.now() - (stream.audio_ended_at or 0.0) > HEARD_SECONDS:
                self._problem(f"a stream into {sorted(stream.languages)} does not end")

    def check_what_was_heard(self) -> None:
        heard = self._heard()
        for utterance in self.room.utterances.values():
            for listener in {who for who, _ in self.wants}:
                self._check_one(utterance, listener, heard[listener, utterance.number])
                self._check_captions(utterance, listener)
        for stream in self.azure.streams:
            if len(stream.speakers) > 1:
                self._problem(f"one stream heard {sorted(stream.speakers)}")

    def check_what_clients_are_told(self) -> None:
        """It is as the contract says, and not more often."""
        for _, told in self.room.told:
            for rule in broken_rules(told):
                self._problem(rule)
        for name in sent_too_soon(self.room.told):
            self._problem(f"{name} is told too soon, or without a change")

    def check_nothing_is_left(self) -> None:
        if self.azure.open:
            self._problem(f"{len(self.azure.open)} streams are left open")
        if self.room.outputs:
            self._problem(f"tracks are left: {[output.route.name for output in self.room.outputs]}")

    def _wanted(self, listener: str, speaker: str) -> str | None:
        """The language in which one is to hear the other; None: the original, or nothing."""
        people = self.room.people
        if listener == speaker or listener not in people or speaker not in people:
            return None
        wanted = people[listener].attributes.get("language")
        attributes = people[speaker].attributes
        spoken = attributes.get("spoken_language") or attributes.get("language")
        return None if wanted == spoken or not people[speaker].muted else wanted

    def _read(self, reader: str, speaker: str) -> str | None:
        """The language in which one is to read the other; None: not at all."""
        people = self.room.people
        if reader == speaker or reader not in people or speaker not in people or not people[speaker].muted:
            return None
        if (wanted := people[reader].attributes.get("read_language")) is None:
            return self._wanted(reader, speaker)
        attributes = people[speaker].attributes
        return None if wanted == (attributes.get("spoken_language") or attributes.get("language")) else wanted

    def _needed(self) -> int:
        """How many speakers are to be heard or read by somebody in another language."""
        people = self.room.people.values()
        audible = {one.identity for one in people if not all(one.muted.values())}
        return sum(
            any(self._wanted(one, speaker) or self._read(one, speaker) for one in self.room.people)
            for speaker in audible
        )

    def _heard(self) -> dict[tuple[str, int], dict[str, float]]:
        """How much of each utterance everybody has heard, by language: 1.0 is once."""
        heard: dict[tuple[str, int], dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for played in self.room.played:
            utterance = self.room.utterances[played.number]
            if played.language != played.route.language or played.route.speaker != utterance.speaker:
                self._problem(f"{played.number} in {played.language} was heard on {played.route.name}")
            for listener in played.listeners:
                heard[listener, played.number][played.language] += played.seconds / utterance.voice_seconds
        return heard

    def _check_one(self, utterance: Utterance, listener: str, heard: dict[str, float]) -> None:
        wanted = self._wanted_during(listener, utterance)
        stayed = self._stays(listener, utterance.start, utterance.end + HEARD_SECONDS)
        if self.crowded or len(wanted) != 1 or utterance.end <= utterance.start or not stayed:
            allowed = self._wanted_since(listener, utterance)
            wrong = {language for language, times in heard.items() if language not in allowed}
            if wrong or any(times > 1 + _WHOLE for times in heard.values()):
                self._problem(f"{listener} heard {dict(heard)} of {utterance}, and wanted {allowed}")
            return
        (language,) = wanted
        expected = {language: 1.0} if language not in (None, utterance.language) else {}
        if any(abs(heard.get(one, 0.0) - expected.get(one, 0.0)) > _WHOLE for one in {*heard, *expected}):
            self._problem(f"{listener} heard {dict(heard)} of {utterance}, not {expected}")

    def _check_captions(self, utterance: Utterance, reader: str) -> None:
        """Whoever wants to read a language reads each utterance in it once, and in no other one."""
        history = self.reads[reader, utterance.speaker]
        wanted = self._during(history, utterance)
        captions = (one for one in self.room.captions if one.final and reader in one.readers)
        texts = Counter(one.text for one in captions if one.text.startswith(f"{utterance.number} in "))
        since = wanted | {language for at, language in history if at > utterance.end}
        if any(text.split()[-1] not in since for text in texts):
            self._problem(f"{reader} read {dict(texts)} of {utterance}, and wanted {since}")
        stayed = self._stays(reader, utterance.start, utterance.end + HEARD_SECONDS)
        if self.crowded or len(wanted) != 1 or utterance.end <= utterance.start or not stayed:
            return
        (language,) = wanted
        expected = [] if language in (None, utterance.language) else [f"{utterance.number} in {language}"]
        if texts != Counter(expected):
            self._problem(f"{reader} read {dict(texts)} of {utterance}, not {expected}")

    def _stays(self, who: str, since: float, until: float) -> bool:
        """They were in the room all that time."""
        before = [there for at, there in self.there[who] if at <= since][-1:] or [False]
        return all([*before, *(there for at, there in self.there[who] if since < at <= until)])

    def _wanted_during(self, listener: str, utterance: Utterance) -> set[str | None]:
        return self._during(self.wants[listener, utterance.speaker], utterance)

    def _during(self, history: list[tuple[float, str | None]], utterance: Utterance) -> set[str | None]:
        before = [wanted for at, wanted in history if at <= utterance.start][-1:] or [None]
        until = utterance.end + _EDGE_SECONDS
        during = [wanted for at, wanted in history if utterance.start < at <= until]
        return {*before, *during}

    def _wanted_since(self, listener: str, utterance: Utterance) -> set[str | None]:
        history = self.wants[listener, utterance.speaker]
        return self._wanted_during(listener, utterance) | {
            wanted for at, wanted in history if at > utterance.end
        }

    def _problem(self, what: str) -> None:
        self.problems.append(f"{self.now():8.3f} {what}")


@dataclass
class ConsecutiveChecker(Checker):
    """What must be true if people wait while an interpretation is heard."""

    def _check_one(self, utterance: Utterance, listener: str, heard: dict[str, float]) -> None:
        if not self._sounds(
            utterance.speaker, utterance.start - _FREE_SECONDS, utterance.start + _FREE_SECONDS
        ):
            super()._check_one(utterance, listener, heard)
            return
        allowed = self._wanted_since(listener, utterance)
        if heard.keys() - allowed or any(times > 1 + _WHOLE for times in heard.values()):
            self._problem(f"{listener} heard {dict(heard)} of {utterance}, and wanted {allowed}")
        if heard and self._had_to_wait(utterance):
            self._problem(f"{listener} heard {dict(heard)} of {utterance}, who had to wait")

    def _check_captions(self, utterance: Utterance, reader: str) -> None:
        if not self._sounds(
            utterance.speaker, utterance.start - _FREE_SECONDS, utterance.start + _FREE_SECONDS
        ):
            super()._check_captions(utterance, reader)

    def _had_to_wait(self, utterance: Utterance) -> bool:
        """Whether another's interpretation was heard from well before it to its end."""
        since, until = utterance.start - _SOUND_SECONDS, utterance.end
        if self._lasts_seconds(utterance) > LONGEST_WAIT_SECONDS:
            return False
        moments = np.arange(since, until, _STEP_SECONDS)
        return all(self._sounds(utterance.speaker, at, at) for at in moments)

    def _lasts_seconds(self, utterance: Utterance) -> float:
        """How long others may have been heard without a pause until it ended."""
        at = utterance.end
        while self._sounds(utterance.speaker, at - _FREE_SECONDS, at):
            at -= _STEP_SECONDS
        return utterance.end - at

    def _sounds(self, besides: str, since: float, until: float) -> bool:
        """Whether the interpretation of another speaker is heard between these moments."""
        return any(
            piece.at <= until and piece.at + piece.seconds > since
            for piece in self.room.played
            if piece.route.speaker != besides
        )


class Host:
    """What a meeting is held with; each sabotage is a host of its own."""

    room: type[FakeRoom] = FakeRoom
    stream: type[FakeStream] = FakeStream
    planner: type[Planner] = Planner


async def hold(
    script: Script, loop: VirtualLoop, host: type[Host], *, skips_silence: bool, is_consecutive: bool
) -> Checker:
    """Hold a meeting, to its end."""
    room = host.room(loop)
    azure = FakeAzure(room, loop, script.seed, host.stream)
    mode = "consecutive" if is_consecutive else "simultaneous"
    settings = settings_of(
        azure, mode=mode, max_streams=script.max_streams, silent_track_seconds=_SILENT_TRACK_SECONDS
    )
    settings = replace(settings, make_planner=lambda: host.planner(script.max_streams))
    if skips_silence:
        settings = replace(settings, conduct=replace(settings.conduct, open_detector=lambda: is_sound))
    checker = (ConsecutiveChecker if is_consecutive else Checker)(script, room, azure, loop.time)
    begun_at = loop.time()
    for action in script.actions:
        if action.utterance is not None:
            action.utterance.start += begun_at
            action.utterance.end += begun_at
    meeting = RunningMeeting(
        room, settings, MeetingRecording(None), tell=lambda report: None, gone=lambda: None
    )
    moments = sorted({action.at for action in script.actions} | set(_ticks(script.seconds)))
    actions = list(script.actions)
    for moment in moments:
        await asyncio.sleep(begun_at + moment - loop.time())
        room.bring()
        while actions and actions[0].at <= moment:
            actions.pop(0).apply(room)
            checker.after_action()
        await asyncio.sleep(_AFTER)
        checker.count_streams()
    for _ in range(int(HEARD_SECONDS)):
        await asyncio.sleep(1.0)
        room.bring()
    for identity in list(room.people):
        room.leave(identity)
    await asyncio.sleep(DRAIN_SECONDS)
    checker.count_streams()
    checker.check_nothing_is_left()
    await meeting.aclose()
    checker.check_what_was_heard()
    checker.check_what_clients_are_told()
    return checker


def _ticks(seconds: float) -> list[float]:
    return [tick * TICK_SECONDS for tick in range(int(seconds / TICK_SECONDS) + 8)]


def _seeds() -> list[range]:
    if ONE_SEED:
        return [range(int(ONE_SEED), int(ONE_SEED) + 1)]
    return [range(start, min(MEETINGS, start + BATCH)) for start in range(0, MEETINGS, BATCH)]


def held(
    seed: int, host: type[Host] = Host, *, skips_silence: bool = False, is_consecutive: bool = False
) -> Checker:
    loop = VirtualLoop()
    meeting = hold(draw(seed), loop, host, skips_silence=skips_silence, is_consecutive=is_consecutive)
    return run(loop, meeting)


@pytest.mark.parametrize("seeds", _seeds(), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_everybody_hears_the_others_once_in_their_language(seeds: range) -> None:
    for seed in seeds:
        checker = held(seed)
        assert not checker.problems, "\n".join([str(checker.script), *checker.problems])


@pytest.mark.parametrize("seeds", _seeds()[::4], ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_everybody_hears_the_same_if_silence_is_not_sent(seeds: range) -> None:
    for seed in seeds:
        checker = held(seed, skips_silence=True)
        assert not checker.problems, "\n".join([str(checker.script), *checker.problems])


@pytest.mark.parametrize("seeds", _seeds()[::4], ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_everybody_hears_in_turn_if_the_meeting_is_consecutive(seeds: range) -> None:
    for seed in seeds:
        checker = held(seed, is_consecutive=True)
        assert not checker.problems, "\n".join([str(checker.script), *checker.problems])


def test_a_seed_is_a_meeting() -> None:
    first, second = held(3), held(3)
    assert [str(played) for played in first.room.played] == [str(played) for played in second.room.played]
    assert first.room.played


class NobodyIsKeptOut(Host):
    class room(FakeRoom):
        def admit(self, listeners: Mapping[Route, frozenset[str]]) -> None:
            super().admit({route: frozenset(self.people) for route in listeners})


class NewcomersAreForgotten(Host):
    class room(FakeRoom):
        def admit(self, listeners: Mapping[Route, frozenset[str]]) -> None:
            super().admit({route: self.admitted.get(route, who) for route, who in listeners.items()})


class StreamsAreLeaked(Host):
    class stream(FakeStream):
        def close(self) -> None:
            pass


class UtterancesAreLost(Host):
    class stream(FakeStream):
        def _final(self, number: int, start: float, seconds: float) -> None:
            if number % 3:
                super()._final(number, start, seconds)
            else:
                self._due -= 1


class VoicesComeTwice(Host):
    class stream(FakeStream):
        def _chunk(self, pcm: bytes, stream_id: str) -> None:
            super()._chunk(pcm + pcm, stream_id)


class VoicesAreSwapped(Host):
    class stream(FakeStream):
        def _chunk(self, pcm: bytes, stream_id: str) -> None:
            samples = np.frombuffer(pcm, np.int16)
            another = min(self._azure.room.utterances)
            swapped = np.where(samples < FIRST_UTTERANCE, samples, another).astype(np.int16).tobytes()
            super()._chunk(swapped, stream_id)


class NobodyNeedsIt(Host):
    class planner(Planner):
        def plan(self, people: Iterable[Person], **streams: Any) -> Plan:
            """As if one of them spoke every language."""
            people = sorted(people, key=lambda person: person.identity)
            return super().plan([replace(one, speaks=None) for one in people], **streams)


class TheCeilingIsForgotten(Host):
    class planner(Planner):
        def __init__(self, max_streams: int) -> None:
            super().__init__(1000)


class CaptionsAreForAll(Host):
    class room(FakeRoom):
        async def caption(self, caption: Caption) -> None:
            await super().caption(replace(caption, readers=frozenset(self.people)))


class CaptionsAreLost(Host):
    class room(FakeRoom):
        async def caption(self, caption: Caption) -> None:
            if len(self.captions) % 5:
                await super().caption(caption)


class SomebodyWaits(Host):
    class planner(Planner):
        def __init__(self, max_streams: int) -> None:
            super().__init__(min(2, max_streams))


def test_a_meeting_without_turns_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turns, "may_speak", lambda *_, **__: True)
    assert any(held(seed, is_consecutive=True).problems for seed in AT_THE_SAME_TIME_FIRST), (
        "the checker has found nothing"
    )


@pytest.mark.parametrize("sabotage", Host.__subclasses__())
def test_sabotage_is_found(sabotage: type[Host]) -> None:
    assert any(held(seed, sabotage).problems for seed in SHORT_FIRST), "the checker has found nothing"
