"""One route in virtual time: who hears it while streams come, fail and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.clock import VirtualLoop, run
from fakes.meeting import FIRST_UTTERANCE, FakeAzure, FakeOutput, FakeRoom, Utterance
from livekit import rtc

from livekit_plugins_azure_interpreter import STT, TTS, InterpretationChanged, SpeechMissed
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.route import CatchUpPolicy, RouteInterpreter
from livekit_plugins_azure_interpreter._meeting.speaker_input import SpeakerInput
from livekit_plugins_azure_interpreter._sdk.events import Failed

ROUTE = Route("alice", "fr")
BOB, CARL = frozenset({"bob"}), frozenset({"carl"})
NOBODY: frozenset[str] = frozenset()
UNCHANGED = CatchUpPolicy(catch_up=False)


class Booth:
    """An interpreter of what alice says into French, and all that it told."""

    def __init__(
        self,
        loop: VirtualLoop,
        *,
        room: type[FakeRoom] = FakeRoom,
        policy: CatchUpPolicy = UNCHANGED,
        tts: type[TTS] = TTS,
        **options: Any,
    ) -> None:
        self.loop = loop
        self.room = room(loop)
        self.azure = FakeAzure(self.room, loop, seed=1)
        self.changes: list[InterpretationChanged] = []
        self.missed: list[SpeechMissed] = []
        self.freed = 0
        stt = STT(
            target_languages="fr",
            speech_key="a-key",
            speech_region="westeurope",
            _open_recognizer=self.azure,
            **options,
        )
        self.interpreter = RouteInterpreter(
            ROUTE,
            self.room,
            stt,
            tts(stt),
            policy=policy,
            report=self.changes.append,
            missed=self.missed.append,
            admitted=lambda: self.room.admit({ROUTE: self.interpreter.listeners}),
            freed=self._freed,
        )
        for identity in ("alice", "bob", "carl"):
            self.room.join(identity)
        self.room.publish_microphone("alice", "mic")
        self._hearing = SpeakerInput(self.room, self.interpreter.push)
        self._hearing.listen_to(["mic"])
        self._number = FIRST_UTTERANCE

    def _freed(self) -> None:
        self.freed += 1

    def serve_bob(self) -> None:
        """Bob wants to hear alice, who has an open microphone."""
        self.interpreter.serve(BOB, at_once=BOB)
        self.interpreter.hear(True)

    async def say(self, voice_seconds: float = 1.0) -> int:
        """Alice speaks for a second; the number of what she said."""
        self._number += 1
        now = self.loop.time()
        self.room.say(Utterance(self._number, "alice", "en", "mic", now, now + 1.0, voice_seconds))
        await self.go_on(1.0)
        return self._number

    async def say_every(self, seconds: float, times: int) -> list[int]:
        """Alice speaks for a second again and again; the numbers of what she said."""
        said = []
        for _ in range(times):
            said.append(await self.say())
            await self.go_on(seconds - 1.0)
        return said

    def azure_goes(self, reason: str = "ConnectionFailure") -> None:
        """Azure goes away, for every stream."""
        self.azure.failing = lambda stream: True
        self.azure.failure = Failed(reason, "away")
        for stream in self.azure.open:
            stream.fail()

    def azure_comes_back(self) -> None:
        self.azure.failing = lambda stream: False

    async def go_on(self, seconds: float) -> None:
        await self.room.go_on(seconds)

    def heard_seconds(self, number: int) -> float:
        """How much of the voice of an utterance was heard, however often."""
        return sum(played.seconds for played in self.room.played if played.number == number)

    def heard(self, listener: str) -> list[int]:
        return list(dict.fromkeys(one.number for one in self.room.played if listener in one.listeners))

    @property
    def states(self) -> list[str]:
        return [change.state for change in self.changes]

    async def aclose(self) -> None:
        await self._hearing.aclose()
        await self.interpreter.aclose()


def in_a_booth(**options: Any) -> Callable[[Callable[[Booth], Awaitable[None]]], Callable[[], None]]:
    """Run a test in virtual time; after it nothing is left open. Options are the booth's."""

    def decorate(test: Callable[[Booth], Awaitable[None]]) -> Callable[[], None]:
        async def held(loop: VirtualLoop) -> None:
            booth = Booth(loop, **options)
            await test(booth)
            await booth.aclose()
            assert booth.interpreter.over
            assert not booth.azure.open
            assert not booth.room.outputs

        def decorated() -> None:
            loop = VirtualLoop()
            run(loop, held(loop))

        decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
        return decorated

    return decorate


@in_a_booth()
async def test_speech_is_heard_by_everyone_who_wants_it(booth: Booth) -> None:
    booth.serve_bob()
    said = await booth.say()
    await booth.go_on(5.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([said], [])
    assert booth.states == ["started"]


@in_a_booth()
async def test_a_listener_who_comes_for_the_next_word_hears_it_from_there(booth: Booth) -> None:
    booth.serve_bob()
    first = await booth.say()
    booth.interpreter.serve(CARL, at_once=NOBODY)
    booth.interpreter.serve(CARL, at_once=NOBODY)
    assert booth.interpreter.everyone == BOB | CARL
    second = await booth.say()
    await booth.go_on(6.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([first], [second])
    assert booth.interpreter.listeners == CARL


@in_a_booth()
async def test_streams_follow_one_another_and_are_spoken_in_order(booth: Booth) -> None:
    booth.serve_bob()
    first = await booth.say()
    booth.interpreter.hear(False)
    assert (booth.interpreter.hears, booth.interpreter.ending_streams) == (False, 1)
    booth.interpreter.hear(True)
    second = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [first, second]
    assert booth.states == ["started", "ended", "started"]
    assert (booth.interpreter.open_streams, booth.freed) == (1, 1)


@in_a_booth()
async def test_one_that_leaves_is_heard_to_the_end(booth: Booth) -> None:
    booth.serve_bob()
    said = await booth.say()
    booth.interpreter.leave()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert booth.interpreter.over
    assert booth.freed == 2


@in_a_booth()
async def test_a_stream_that_fails_is_replaced_after_a_while(booth: Booth) -> None:
    booth.azure.failing = lambda stream: len(booth.azure.streams) < 3
    booth.serve_bob()
    await booth.go_on(5.0)
    waits = [change.retry_seconds or 0.0 for change in booth.changes if change.state == "failed"]
    assert len(waits) == 2
    assert all(2.0**n / 2 <= wait <= 2.0**n for n, wait in enumerate(waits))
    said = await booth.say()
    await booth.go_on(5.0)
    assert booth.heard("bob") == [said]


@in_a_booth()
async def test_a_muted_speaker_is_not_tried_again(booth: Booth) -> None:
    booth.azure.failing = lambda stream: True
    booth.serve_bob()
    await booth.go_on(0.3)
    booth.interpreter.hear(False)
    await booth.go_on(5.0)
    assert booth.states == ["started", "failed"]


@in_a_booth()
async def test_a_room_that_refuses_the_track_is_asked_again(booth: Booth) -> None:
    booth.room.refusals = 1
    booth.serve_bob()
    said = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert "failed" in booth.states


@in_a_booth()
async def test_a_track_that_breaks_in_mid_sentence_costs_the_listener_no_frame(booth: Booth) -> None:
    booth.serve_bob()
    booth.room.broken_frames = {3}
    said = [await booth.say(voice_seconds=2.0), await booth.say()]
    await booth.go_on(12.0)
    assert booth.heard("bob") == said
    assert [booth.heard_seconds(number) for number in said] == pytest.approx([2.0, 1.0])
    assert "failed" in booth.states
    assert not booth.missed


@in_a_booth()
async def test_a_sentence_that_breaks_every_track_is_told_and_the_next_one_is_heard(booth: Booth) -> None:
    booth.serve_bob()
    booth.room.broken_frames = range(3, 6)
    broken = await booth.say(voice_seconds=2.0)
    await booth.go_on(15.0)
    said = await booth.say()
    await booth.go_on(6.0)
    assert booth.heard_seconds(broken) < 2.0
    assert booth.heard_seconds(said) == pytest.approx(1.0)
    assert [(missed.speaker, missed.reason) for missed in booth.missed] == [("alice", "failed")]
    assert [caption.text for caption in booth.room.captions if not caption.spoken] == [f"{broken} in fr"]


class FailingOnceTTS(TTS):
    """Its first voice fails as no voice should."""

    def __init__(self, stt: STT) -> None:
        super().__init__(stt)
        self._has_failed = False

    def stream(self, **options: Any) -> Any:
        if not self._has_failed:
            self._has_failed = True
            raise ValueError("as nobody foresaw")
        return super().stream(**options)


@in_a_booth(tts=FailingOnceTTS)
async def test_a_voice_that_fails_is_told_and_the_next_one_is_heard(booth: Booth) -> None:
    booth.serve_bob()
    failing, said = await booth.say(), await booth.say()
    await booth.go_on(6.0)
    assert booth.heard("bob") == [said]
    assert [missed.reason for missed in booth.missed] == ["failed"]
    assert [caption.text for caption in booth.room.captions if not caption.spoken] == [f"{failing} in fr"]
    assert booth.states == ["started"]


@in_a_booth(policy=CatchUpPolicy(catch_up=False, max_lag_seconds=15.0))
async def test_the_rest_of_a_sentence_is_late_when_its_track_was_broken_for_too_long(booth: Booth) -> None:
    booth.serve_bob()
    booth.room.broken_frames = {3}
    broken = await booth.say(voice_seconds=2.0)
    await booth.go_on(0.5)
    booth.room.refusals = 6
    await booth.go_on(120.0)
    assert 0.0 < booth.heard_seconds(broken) < 2.0
    assert [missed.reason for missed in booth.missed] == ["late"]


@in_a_booth()
async def test_both_languages_can_be_read(booth: Booth) -> None:
    booth.serve_bob()
    said = await booth.say()
    await booth.go_on(5.0)
    assert [(one.text, one.listeners) for one in booth.room.captions] == [
        (f"{said}", BOB),
        (f"{said} in fr", BOB),
    ]


# While Azure is away


@in_a_booth()
async def test_speech_during_an_outage_is_heard_afterwards_once_and_in_order(booth: Booth) -> None:
    booth.serve_bob()
    before = await booth.say()
    await booth.go_on(3.0)
    booth.azure_goes()
    meanwhile = await booth.say_every(5.0, times=8)
    assert "failed" in booth.states, "LiveKit's attempts have ended"
    booth.azure_comes_back()
    after = await booth.say()
    await booth.go_on(40.0)
    assert booth.heard("bob") == [before, *meanwhile, after]
    originals = [caption.text for caption in booth.room.captions if caption.original]
    assert originals == [f"{number}" for number in (before, *meanwhile, after)]
    assert not booth.missed


@in_a_booth(kept_audio_seconds=10.0)
async def test_speech_that_cannot_be_kept_is_told_and_can_be_seen(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    meanwhile = await booth.say_every(5.0, times=9)
    booth.azure_comes_back()
    await booth.go_on(40.0)
    kept = booth.heard("bob")
    assert kept == meanwhile[-len(kept) :]
    assert 1 <= len(kept) <= 3
    forgotten = len(meanwhile) - len(kept)
    # The edge of what is kept may lie amid an utterance, which is heard all the same if enough of it is left.
    assert sum(missed.seconds for missed in booth.missed) == pytest.approx(forgotten, abs=1.0)
    assert {(missed.speaker, missed.reason) for missed in booth.missed} == {("alice", "forgotten")}
    gaps = [caption for caption in booth.room.captions if caption.missing_seconds]
    assert sum(gap.missing_seconds for gap in gaps) == pytest.approx(forgotten, abs=1.0)
    assert all(gap.listeners == BOB and not gap.spoken for gap in gaps)


@in_a_booth()
async def test_a_speaker_who_falls_silent_during_an_outage_is_heard_afterwards(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    first = await booth.say()
    await booth.go_on(5.0)
    booth.interpreter.hear(False)
    await booth.go_on(35.0)
    booth.interpreter.hear(True)
    second = await booth.say()
    booth.azure_comes_back()
    await booth.go_on(60.0)
    assert booth.heard("bob") == [first, second]
    assert booth.interpreter.open_streams == 1


@in_a_booth()
async def test_an_azure_that_cannot_be_reached_is_looked_for_again_soon(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    await booth.go_on(120.0)
    assert max(change.retry_seconds or 0.0 for change in booth.changes) <= 5.0


@in_a_booth(kept_audio_seconds=20.0)
async def test_an_azure_that_stays_away_is_not_waited_for_without_end(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes("BadRequest")
    await booth.say()
    booth.interpreter.leave()
    await booth.go_on(120.0)
    assert booth.interpreter.over
    assert [missed.reason for missed in booth.missed] == ["forgotten"]


@in_a_booth()
async def test_a_listener_from_the_next_word_on_is_not_told_what_was_said_before(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    for_bob = await booth.say()
    await booth.go_on(20.0)
    booth.interpreter.serve(CARL, at_once=NOBODY)
    await booth.go_on(0.5)
    for_carl = await booth.say()
    await booth.go_on(20.0)
    booth.azure_comes_back()
    await booth.go_on(60.0)
    assert (booth.heard("bob"), booth.heard("carl")) == ([for_bob], [for_carl])


# Back to the present


@in_a_booth(policy=CatchUpPolicy(catch_up=False, max_lag_seconds=15.0))
async def test_speech_of_too_long_ago_is_captioned_and_not_heard(booth: Booth) -> None:
    booth.serve_bob()
    booth.azure_goes()
    meanwhile = await booth.say_every(5.0, times=7)
    booth.azure_comes_back()
    await booth.go_on(40.0)
    heard = booth.heard("bob")
    assert heard == meanwhile[-len(heard) :] != meanwhile
    only_read = [caption for caption in booth.room.captions if not caption.spoken]
    assert [caption.text for caption in only_read] == [
        f"{number} in fr" for number in meanwhile if number not in heard
    ]
    assert [missed.reason for missed in booth.missed] == ["late"] * len(only_read)
    finals = {caption.id for caption in booth.room.captions if caption.spoken and not caption.original}
    assert {caption.id for caption in only_read} <= finals, "they take the place of what was written"


@in_a_booth(policy=CatchUpPolicy(catch_up=False, max_lag_seconds=15.0))
async def test_a_fast_speaker_is_never_heard_later_than_that(booth: Booth) -> None:
    booth.serve_bob()
    said = {}
    for _ in range(30):
        at = booth.loop.time()
        said[await booth.say(voice_seconds=3.0)] = at + 1.0
        await booth.go_on(0.5)
    await booth.go_on(60.0)
    heard = booth.heard("bob")
    assert heard == sorted(heard)
    assert len(heard) < len(said)
    assert len(heard) + len(booth.missed) == len(said)
    began = {played.number: played.at for played in reversed(booth.room.played)}
    assert max(began[number] - said[number] for number in heard) <= 15.0 + 1.0


class Stopwatch(FakeRoom):
    """A room that measures what is played, whatever it is."""

    played_seconds = 0.0

    async def publish(self, route: Route, sample_rate: int) -> FakeOutput:
        room = self

        class Output(FakeOutput):
            async def play(self, frame: rtc.AudioFrame) -> None:
                room.played_seconds += frame.duration
                await asyncio.sleep(frame.duration)

        output = Output(self, route)
        self.outputs.append(output)
        return output


@pytest.mark.parametrize(
    ("catch_up", "least", "most"), [(False, 59.9, 60.1), (True, 60 / 1.25 - 0.1, 52.0)], ids=["no", "yes"]
)
def test_a_fast_speaker_is_heard_faster_with_catch_up(catch_up: bool, least: float, most: float) -> None:
    @in_a_booth(room=Stopwatch, policy=CatchUpPolicy(catch_up=catch_up, max_lag_seconds=None))
    async def play(booth: Booth) -> None:
        booth.serve_bob()
        for _ in range(20):
            await booth.say(voice_seconds=3.0)
            await booth.go_on(0.5)
        await booth.go_on(60.0)
        assert isinstance(booth.room, Stopwatch)
        assert least <= booth.room.played_seconds <= most

    play()
