"""Schedules of faults, drawn from seeds: whatever happens, all that is said is heard, once, in order.

A failing seed is printed with its schedule. `SCHEDULE_SEED=17 pytest tests/test_schedules.py` runs it
alone, and `SCHEDULES=10000` as many seeds; `nox -s nightly` runs more than the tests do.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from fakes import clock
from fakes.clock import StuckError, VirtualLoop, run
from fakes.schedule import (
    RATE,
    RETRYABLE,
    VOICE_FAULTS,
    VOICE_TIMEOUT_SECONDS,
    Said,
    Schedule,
    Voice,
    draw,
)
from fakes.service import SimulatedRecognizer, SimulatedService
from fakes.streams import translations_of
from fakes.tts import ToneTTS
from livekit import rtc
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from livekit_plugins_azure_interpreter import STT, TTS
from livekit_plugins_azure_interpreter._sdk.events import RawPhrase

SCHEDULES = int(os.environ.get("SCHEDULES", "15"))
ONE_SEED = os.environ.get("SCHEDULE_SEED")
BATCH = 25
LONGEST_SECONDS = 600.0
"""Virtual; no schedule takes as long, unless something waits that cannot come."""
POSITION_SECONDS = 0.05
_LIVEKIT_STT = sys.modules["livekit.agents.stt.stt"]
_INTERRUPTIONS = ("drop", "fail", "outage", "mute", "voice stuck", "voice unfinished")
"""What may cut a voice that sounds."""


@dataclass
class Outcome:
    """What came out of a run."""

    schedule: Schedule
    service: SimulatedService
    fallback: ToneTTS
    events: list[SpeechEvent] = field(default_factory=list)
    spoken: list[tuple[str, bytes]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @property
    def finals(self) -> list[SpeechData]:
        kind = SpeechEventType.FINAL_TRANSCRIPT
        return [event.alternatives[0] for event in self.events if event.type is kind]


class Session:
    """What an AgentSession does with the pair: one stream, and one speech after another."""

    def __init__(self, outcome: Outcome, loop: VirtualLoop) -> None:
        self._outcome = outcome
        self._schedule = outcome.schedule
        self._loop = loop
        self._stt = STT(
            target_languages="fr",
            speech_key="a-key",
            speech_region="westeurope",
            voice_timeout_seconds=VOICE_TIMEOUT_SECONDS,
            _open_recognizer=outcome.service,
        )
        self._tts = TTS(self._stt, fallback=outcome.fallback)
        self._stt.on("error", lambda error: error.recoverable or outcome.errors.append(str(error.error)))
        self._tts.on("error", lambda error: outcome.errors.append(str(error.error)))
        self._to_say: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self) -> None:
        stream = self._stt.stream()
        listening = asyncio.create_task(self._listen(stream))
        speaking = asyncio.create_task(self._speak())
        pushing = asyncio.create_task(self._push(stream))
        try:
            await asyncio.wait_for(asyncio.gather(pushing, listening), LONGEST_SECONDS)
            self._to_say.put_nowait(None)
            await asyncio.wait_for(speaking, LONGEST_SECONDS)
        finally:
            for task in (listening, speaking, pushing):
                task.cancel()
            await asyncio.gather(listening, speaking, pushing, return_exceptions=True)
            await stream.aclose()
            waits = [ledger.deadline for ledger in translations_of(self._stt).streams]
            self._outcome.waits = [deadline for deadline in waits if deadline is not None]
            await self._stt.aclose()

    async def _push(self, stream: Any) -> None:
        samples, begun_at = self._schedule.audio(), self._loop.time()
        size = int(self._schedule.frame_seconds * RATE)
        for at in range(0, len(samples), size):
            pcm = samples[at : at + size]
            await asyncio.sleep(begun_at + (at + len(pcm)) / RATE - self._loop.time())
            stream.push_frame(rtc.AudioFrame(pcm.tobytes(), RATE, 1, len(pcm)))
        stream.end_input()

    async def _listen(self, stream: Any) -> None:
        async for event in stream:
            self._outcome.events.append(event)
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                data = event.alternatives[0]
                if data.target_texts:
                    self._to_say.put_nowait(data.text if self._schedule.by_identity else str(data.text) + "")

    async def _speak(self) -> None:
        while (text := await self._to_say.get()) is not None:
            frames = []
            async with self._tts.stream() as stream:
                stream.push_text(text)
                stream.end_input()
                until = self._loop.time()
                async for audio in stream:
                    frames.append(audio)
                    until = max(until, self._loop.time()) + audio.frame.duration
            self._outcome.spoken.append((str(text), _heard(frames)))
            await asyncio.sleep(max(0.0, until - self._loop.time()))


def _heard(frames: list[Any]) -> bytes:
    """The samples, without the 10 ms of silence with which LiveKit marks an end."""
    if frames and frames[-1].is_final and not any(bytes(frames[-1].frame.data)):
        frames = frames[:-1]
    return b"".join(bytes(audio.frame.data) for audio in frames)


def play(schedule: Schedule, recognizer: type[SimulatedRecognizer] = SimulatedRecognizer) -> Outcome:
    """Run a schedule, in virtual time."""
    loop = VirtualLoop()
    service = SimulatedService(schedule, loop)
    service.recognizer = recognizer
    fallback = ToneTTS(streaming=schedule.streaming_fallback, seconds=0.2)
    outcome = Outcome(schedule, service, fallback)

    async def main() -> None:
        await Session(outcome, loop).run()

    # LiveKit counts retries anew after an attempt that outlived its timeout, by the clock on the wall.
    try:
        with mock.patch.object(_LIVEKIT_STT, "time", SimpleNamespace(time=loop.time)):
            run(loop, main())
    finally:
        service.shut_down()
    return outcome


# Judging


def complaints(outcome: Outcome) -> Iterator[str]:
    """All that must not be."""
    yield from _finals(outcome)
    yield from _alternation(outcome)
    yield from _voices(outcome)
    if outcome.waits:
        yield "a ledger still waits at the end"
    yield from (f"error: {error}" for error in outcome.errors)


def _finals(outcome: Outcome) -> Iterator[str]:
    expected = [one.text for one in outcome.schedule.said]
    came = [str(final.text) for final in outcome.finals]
    if came != expected:
        yield f"finals {came} instead of {expected}"
        return
    for one, final in zip(outcome.schedule.said, outcome.finals, strict=True):
        wrong = max(abs(final.start_time - one.start), abs(final.end_time - one.end))
        if wrong > POSITION_SECONDS:
            yield f"#{one.number} is reported {wrong:.3f} s from its place"
        if bool(final.target_texts) != one.translated:
            yield f"#{one.number} is {'not ' * one.translated}reported as translated"


def _alternation(outcome: Outcome) -> Iterator[str]:
    speaking = False
    for event in outcome.events:
        if event.type in (SpeechEventType.START_OF_SPEECH, SpeechEventType.END_OF_SPEECH):
            if speaking == (event.type is SpeechEventType.START_OF_SPEECH):
                yield f"{event.type.value} twice in a row"
            speaking = not speaking
        elif event.type is not SpeechEventType.RECOGNITION_USAGE and not speaking:
            yield f"{event.type.value} between END and START"
    if speaking:
        yield "START without END"


def _voices(outcome: Outcome) -> Iterator[str]:
    said = [one for one in outcome.schedule.said if one.translated]
    if len(outcome.spoken) != len(said):
        yield f"{len(outcome.spoken)} speeches for {len(said)} translations"
        return
    by_fallback, cuts = [], 0
    for one, (text, pcm) in zip(said, outcome.spoken, strict=True):
        how = _how(one, pcm, outcome)
        if how == "fallback":
            by_fallback.append(text)
        cuts += how == "cut"
        if how == "cut" and one.number not in outcome.service.may_be_cut:
            yield f"#{one.number} is cut, and no drop or stall came while it sounded"
        if how == "fallback" and one.number not in outcome.service.may_be_lost:
            yield f"#{one.number} is heard in the fallback's voice, although its own came whole and in time"
        if how not in ("own", "fallback", "cut"):
            yield f"#{one.number} {how}"
    if by_fallback != outcome.fallback.texts:
        yield f"the fallback said {outcome.fallback.texts} instead of {by_fallback}"
    happened = outcome.service.happened
    interruptions = sum(count for kind, count in happened.items() if kind.startswith(_INTERRUPTIONS))
    if cuts > interruptions:
        yield f"{cuts} voices are cut by {interruptions} faults"


def _how(one: Said, pcm: bytes, outcome: Outcome) -> str:
    """How an utterance was heard."""
    if pcm == one.pcm:
        return "own"
    if pcm == outcome.fallback.tone:
        return "fallback"
    if not pcm:
        return "is not heard"
    if one.pcm.startswith(pcm):
        return "cut"
    owners = sorted({int(sample - 1) // 2000 - 1 for sample in np.frombuffer(pcm, "<i2")})
    return f"is heard with samples of {owners}, {len(pcm)} bytes instead of {len(one.pcm)}"


def check(outcome: Outcome) -> None:
    """Fail, with all that helps to find out why, if anything is not as it must be."""
    if found := list(complaints(outcome)):
        pytest.fail(_report(outcome, found), pytrace=False)


def _report(outcome: Outcome, found: list[str]) -> str:
    seed = outcome.schedule.seed
    rerun = f"SCHEDULE_SEED={seed} pytest tests/test_schedules.py"
    return "\n".join([f"seed {seed}: {rerun}", *found, str(outcome.schedule), *outcome.service.notes])


def checked(schedule: Schedule) -> Outcome:
    """Run and judge a schedule."""
    try:
        outcome = play(schedule)
    except BaseException:
        print(f"seed {schedule.seed}: SCHEDULE_SEED={schedule.seed} pytest tests/test_schedules.py")
        print(schedule)
        raise
    check(outcome)
    return outcome


# The schedules

if ONE_SEED is None:
    FIRST_SEEDS = list(range(0, SCHEDULES, BATCH))
else:
    BATCH, FIRST_SEEDS = 1, [int(ONE_SEED)]


@pytest.mark.parametrize("first", FIRST_SEEDS)
def test_nothing_is_lost_repeated_swapped_or_out_of_order(first: int) -> None:
    for seed in range(first, first + BATCH):
        checked(draw(seed))


@pytest.mark.slow
def test_every_fault_happens() -> None:
    """It plays no more schedules than it needs, of the first 500 seeds."""
    missing = {
        *(f"voice {fault}" for fault in VOICE_FAULTS),
        *(f"{kind} {stage}" for kind in ("drop", "fail") for stage in ("speech", "due", "voice", "draining")),
        *("outage", "mute", "refused open", "failed before connecting", "nothing recognized", "block"),
    }
    for schedule in map(draw, range(500)):
        if not missing.isdisjoint(_may_happen(schedule)):
            happened = tuple(play(schedule).service.happened)
            missing -= {kind for kind in missing if any(one.startswith(kind) for one in happened)}
    assert missing == set()


def _may_happen(schedule: Schedule) -> set[str]:
    """What is drawn; whether it happens, the course of the schedule tells."""
    drawn = {*schedule.kinds}
    for fault in schedule.faults:
        drawn |= {fault.kind, f"{fault.kind} {fault.stage}"}
        drawn |= {"refused open"} if fault.refused else set()
        drawn |= {"failed before connecting"} if fault.stage == "connecting" or fault.unconnected else set()
    return drawn


def test_every_fault_is_drawn() -> None:
    schedules = [draw(seed) for seed in range(500)]
    kinds = {kind for schedule in schedules for kind in schedule.kinds}
    faults = [fault for schedule in schedules for fault in schedule.faults]
    assert kinds >= {f"voice {fault}" for fault in VOICE_FAULTS}
    assert kinds >= {"untranslated", "block", "nothing recognized", "END once per turn", "late callbacks"}
    stages = {"speech", "due", "voice", "draining", "time"}
    connected = {(kind, stage) for kind in ("drop", "fail", "outage", "mute") for stage in stages}
    assert {(fault.kind, fault.stage) for fault in faults} == {*connected, ("fail", "connecting")}
    assert {fault.code for fault in faults if fault.code} == set(RETRYABLE)
    assert any(fault.refused for fault in faults)
    assert {schedule.headers for schedule in schedules} == {"first", "every", "none"}


def test_a_seed_is_always_the_same_run() -> None:
    first, second = play(draw(3)), play(draw(3))
    assert first.service.notes == second.service.notes
    assert first.spoken == second.spoken


# By hand

VOICE = Voice(delay=0.1, seconds=1.0, chunks=4, pace=0.25)


def said(number: int, start: float, voice: Voice = VOICE) -> Said:
    """One second of speech, recognized 0.2 s after the silence that ends it."""
    return Said(number, start, start + 1.0, 0.2, 0, True, f"Phrase {number}.", voice)


def with_fault(fault: str, wait: float) -> Voice:
    return replace(VOICE, fault=fault, at=2, wait=wait)


PLAIN = Schedule(seed=0, said=(said(0, 0.5), said(1, 2.5), said(2, 4.5)), seconds=8.0)


def test_everything_is_heard_in_its_own_voice_without_faults() -> None:
    outcome = checked(PLAIN)
    assert [pcm for _, pcm in outcome.spoken] == [one.pcm for one in PLAIN.said]
    assert outcome.service.may_be_lost == set()


@pytest.mark.parametrize(
    ("voice", "blocked_at", "next_start"),
    [(with_fault("late", 4.5), 6.0, 9.0), (with_fault("spurious", 0.06), 2.85, 2.1)],
    ids=["in a late voice", "behind a Completed in the middle of a voice"],
)
def test_a_blocked_loop_costs_no_voice(voice: Voice, blocked_at: float, next_start: float) -> None:
    utterances = (said(0, 0.5, voice), said(1, next_start))
    schedule = replace(PLAIN, said=utterances, blocks=((blocked_at, 2.0),), seconds=next_start + 6.0)
    checked(schedule)


# The judge


class Swapping(SimulatedRecognizer):
    """Sends the voices of the first two utterances the wrong way round."""

    def _chunks(self, said: Said, *arguments: Any) -> list[bytes]:
        other = {0: 1, 1: 0}.get(said.number, said.number)
        return super()._chunks(self._schedule.said[other], *arguments)


class Cutting(SimulatedRecognizer):
    """Leaves out the end of each voice."""

    def _chunks(self, *arguments: Any) -> list[bytes]:
        return super()._chunks(*arguments)[:-1]


class Tearing(SimulatedRecognizer):
    """Leaves out the middle of each voice."""

    def _chunks(self, *arguments: Any) -> list[bytes]:
        chunks = super()._chunks(*arguments)
        return [chunks[0], chunks[-1]]


class Silencing(SimulatedRecognizer):
    """Sends no voices."""

    def _speak(self, *_: Any, **__: Any) -> None:
        return


class Repeating(SimulatedRecognizer):
    """Reports each utterance again, a moment later: at the same place it would be the same result."""

    def _report_final(self, final: RawPhrase) -> None:
        super()._report_final(final)
        super()._report_final(replace(final, offset_seconds=final.offset_seconds + 0.01))


class Losing(SimulatedRecognizer):
    def _report_final(self, final: RawPhrase) -> None:
        if final.read().translations != {"fr": "Phrase 1."}:
            super()._report_final(final)


class Reordering(SimulatedRecognizer):
    """Reports the first utterance after the second."""

    _held: RawPhrase | None = None

    def _report_final(self, final: RawPhrase) -> None:
        if self._held is None:
            self._held = final
            return
        super()._report_final(final)
        if final.read().translations == {"fr": "Phrase 1."}:
            super()._report_final(self._held)


class Misplacing(SimulatedRecognizer):
    def _report_final(self, final: RawPhrase) -> None:
        super()._report_final(replace(final, offset_seconds=final.offset_seconds + 0.06))


@pytest.mark.parametrize(
    ("recognizer", "complaint"),
    [
        (Swapping, "#0 is heard with samples of [1]"),
        (Cutting, "#0 is cut"),
        (Tearing, "#0 is heard with samples of [0]"),
        (Silencing, "#0 is heard in the fallback's voice"),
        (Repeating, "finals ['Phrase 0.', 'Phrase 0.',"),
        (Losing, "finals ['Phrase 0.', 'Phrase 2.'] instead"),
        (Reordering, "finals ['Phrase 1.', 'Phrase 0.',"),
        (Misplacing, "#0 is reported 0.060 s from its place"),
    ],
)
def test_the_judge_notices_a_service_that_is(recognizer: type[SimulatedRecognizer], complaint: str) -> None:
    outcome = play(PLAIN, recognizer)
    assert any(complaint in found for found in complaints(outcome))
    with pytest.raises(pytest.fail.Exception, match="SCHEDULE_SEED=0"):
        check(outcome)


@pytest.mark.parametrize("kind", [SpeechEventType.START_OF_SPEECH, SpeechEventType.END_OF_SPEECH])
def test_the_judge_notices_that_speech_begins_or_ends_twice(kind: SpeechEventType) -> None:
    outcome = play(PLAIN)
    outcome.events.insert(0, SpeechEvent(type=kind))
    assert f"{kind.value} twice in a row" in list(complaints(outcome))


def test_the_judge_notices_that_one_fault_cuts_two_voices() -> None:
    schedule = replace(PLAIN, said=(said(0, 0.5, with_fault("stuck", 6.0)), *PLAIN.said[1:]))
    outcome = checked(schedule)
    outcome.service.may_be_cut.add(1)
    outcome.spoken[1] = ("Phrase 1.", PLAIN.said[1].pcm[:640])
    assert list(complaints(outcome)) == ["2 voices are cut by 1 faults"]


def test_the_judge_notices_errors() -> None:
    outcome = play(PLAIN)
    outcome.errors.append("it broke")
    assert list(complaints(outcome)) == ["error: it broke"]


def test_the_judge_notices_an_utterance_that_is_not_spoken() -> None:
    outcome = play(PLAIN)
    outcome.spoken[1] = ("Phrase 1.", b"")
    assert list(complaints(outcome)) == ["#1 is not heard"]


# The clock


def test_an_hour_passes_at_once() -> None:
    loop = VirtualLoop()
    before = loop.time()
    run(loop, asyncio.sleep(3600))
    assert loop.time() == pytest.approx(before + 3600)


def test_time_stands_still_while_a_thread_works() -> None:
    loop = VirtualLoop()
    release, took = threading.Event(), []

    async def main() -> None:
        working = threading.Thread(target=release.wait, name="azure-interpreter-test")
        working.start()
        loop.call_later(0.0, release.set)
        before = loop.time()
        await asyncio.sleep(1.0)
        took.append((loop.time() - before, working.is_alive()))
        working.join()

    run(loop, main())
    assert took == [(pytest.approx(1.0), False)]


def test_the_world_goes_on_while_the_loop_is_blocked() -> None:
    loop = VirtualLoop()
    happened: list[float] = []

    async def main() -> None:
        begun_at = loop.time()
        loop.happen(1.0, lambda: happened.append(loop.time() - begun_at))
        loop.block(3.0)
        happened.append(loop.time() - begun_at)

    run(loop, main())
    assert happened == [pytest.approx(1.0), pytest.approx(3.0)]


def test_a_wait_that_can_never_end_is_an_error() -> None:
    loop = VirtualLoop()

    async def main() -> None:
        await loop.create_future()

    with pytest.raises(StuckError, match="nothing is scheduled"):
        run(loop, main())


def test_a_thread_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "STUCK_SECONDS", 0.05)
    loop = VirtualLoop()
    loop.idle = lambda: False
    with pytest.raises(StuckError, match="a thread has worked"):
        run(loop, asyncio.sleep(1))


@pytest.mark.parametrize("left", ["task", "timer"])
def test_a_task_or_timer_left_behind_is_an_error(left: str) -> None:
    loop = VirtualLoop()
    tasks: set[asyncio.Task[None]] = set()

    async def main() -> None:
        if left == "task":
            tasks.add(asyncio.create_task(asyncio.sleep(1)))
        else:
            loop.call_later(1.0, print)

    with pytest.raises(AssertionError, match=f"{left}s are left behind"):
        run(loop, main())
