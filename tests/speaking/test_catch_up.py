"""How far the listener is behind, and catching up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fakes.pieces import PieceLedger as Ledger
from fakes.tts import tone
from livekit import rtc

from livekit_plugins_azure_interpreter._speaking.catch_up import Backlog, faster, speed
from livekit_plugins_azure_interpreter._voices.samples import Samples
from livekit_plugins_azure_interpreter._voices.utterance import Translation, Utterance

RATE = 16000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backlog() -> Backlog:
    return Backlog()


def voiced(*seconds: float) -> list[Translation]:
    """Translations with voices of these lengths."""
    ledger = Ledger()
    found = [ledger.recognized(f"{at}", 0.0) for at in range(len(seconds))]
    for length in seconds:
        ledger.audio(Samples(b"\1\0" * round(length * RATE), RATE, True), 0.0)
        ledger.completed(0.0)
    ledger.expire(1.0)
    return [utterance.translation for utterance in found]


class TestBacklog:
    def test_it_is_what_waits_and_what_is_still_to_be_played(self, backlog: Backlog) -> None:
        first, second = voiced(2.0, 1.5)
        assert backlog.seconds(10.0) == 0.0
        backlog.queued(first, 10.0)
        backlog.queued(second, 10.5)
        assert backlog.seconds(10.5) == 3.0
        assert backlog.seconds(11.5) == 2.0
        assert backlog.seconds(99.0) == 1.5
        backlog.over(first, 12.0)
        assert backlog.seconds(12.5) == 1.0
        backlog.over(second, 13.5)
        assert backlog.seconds(13.5) == 0.0

    def test_one_that_was_waiting_may_go_before_its_turn(self, backlog: Backlog) -> None:
        first, second = voiced(2.0, 1.5)
        backlog.queued(first, 10.0)
        backlog.queued(second, 10.0)
        backlog.over(second, 11.0)
        assert backlog.seconds(11.0) == 1.0
        assert backlog.waiting_seconds == 0.0

    def test_the_same_words_are_not_the_same_speech(self, backlog: Backlog) -> None:
        ledger = Ledger()
        one, other = (ledger.recognized("Oui.", 0.0).translation for _ in range(2))
        backlog.queued(one, 10.0)
        backlog.queued(other, 11.0)
        backlog.over(one, 12.0)
        assert backlog.late_seconds(12.0) == 1.0

    def test_late_is_how_long_a_speech_has_waited_for_its_turn(self, backlog: Backlog) -> None:
        assert backlog.late_seconds(10.0) == 0.0
        (only,) = voiced(1.0)
        backlog.queued(only, 10.0)
        assert backlog.late_seconds(12.0) == 2.0
        backlog.clear()
        assert (backlog.late_seconds(12.0), backlog.seconds(12.0)) == (0.0, 0.0)


def test_the_speed_is_at_most_a_quarter_more_and_the_voice_is_left_alone_when_nobody_waits() -> None:
    assert [speed(behind) for behind in (-1.0, 0.0, 0.09, 0.2, 0.4, 60.0)] == [1, 1, 1, 1.125, 1.25, 1.25]


class TestFaster:
    async def hear(
        self,
        backlog: Backlog,
        clock: Clock,
        *,
        seconds: float = 4.0,
        after: float = 0.0,
        channels: int = 1,
    ) -> bytes:
        async def frames() -> AsyncIterator[rtc.AudioFrame]:
            clock.now += after
            pcm = tone(440, seconds)
            for at in range(0, len(pcm), 640):
                part = pcm[at : at + 640]
                samples = b"".join(part[two : two + 2] * channels for two in range(0, len(part), 2))
                yield rtc.AudioFrame(samples, RATE, channels, len(part) // 2)

        heard = [frame async for frame in faster(frames(), backlog, clock=clock)]
        assert {(frame.sample_rate, frame.num_channels) for frame in heard} <= {(RATE, 1)}
        return b"".join(bytes(frame.data) for frame in heard)

    def queue(self, backlog: Backlog, clock: Clock, *seconds: float, late: float = 0.0) -> None:
        for translation in voiced(*seconds):
            backlog.queued(translation, clock.now - late)

    async def test_a_speech_that_nobody_waited_for_is_unchanged(self, backlog: Backlog, clock: Clock) -> None:
        self.queue(backlog, clock, 4.0)
        assert await self.hear(backlog, clock) == tone(440, 4.0)

    async def test_other_text_is_unchanged(self, backlog: Backlog, clock: Clock) -> None:
        assert await self.hear(backlog, clock) == tone(440, 4.0)

    async def test_one_that_is_followed_is_faster(self, backlog: Backlog, clock: Clock) -> None:
        self.queue(backlog, clock, 4.0, 5.0)
        assert len(await self.hear(backlog, clock)) / 32000 == pytest.approx(4.0 / 1.25, rel=0.01)

    async def test_one_that_is_late_is_faster_until_it_is_late_no_more(
        self, backlog: Backlog, clock: Clock
    ) -> None:
        self.queue(backlog, clock, 8.0, late=0.5)
        assert 8.0 - 0.5 <= len(await self.hear(backlog, clock, seconds=8.0)) / 32000 < 8.0 - 0.3

    async def test_one_whose_voice_was_waited_for_is_unchanged(self, backlog: Backlog, clock: Clock) -> None:
        self.queue(backlog, clock, 4.0)
        assert await self.hear(backlog, clock, after=0.6) == tone(440, 4.0)

    async def test_nothing_is_nothing(self, backlog: Backlog, clock: Clock) -> None:
        assert await self.hear(backlog, clock, seconds=0.0) == b""

    async def test_stereo_is_mixed_down(self, backlog: Backlog, clock: Clock) -> None:
        assert await self.hear(backlog, clock, channels=2) == tone(440, 4.0)


class TestFasterWhileASentenceIsBeingSaid:
    async def hear(self, clock: Clock, *clauses: tuple[float, float], is_played: bool = False) -> float:
        """The seconds that are heard of clauses that come at a time, in seconds, and are so long.

        They are taken as they come, or, where `is_played`, as they are heard.
        """
        backlog, utterance = Backlog(), Utterance.begun("1", clock.now)
        backlog.queued(utterance.translation, clock.now)
        began_at = clock.now

        async def frames() -> AsyncIterator[rtc.AudioFrame]:
            for at, seconds in clauses:
                clock.now = began_at + at
                pcm = tone(440, seconds)
                utterance.meter.sounded(clock.now, seconds, by_fallback=True)
                for begin in range(0, len(pcm), 640):
                    yield rtc.AudioFrame(pcm[begin : begin + 640], RATE, 1, 320)

        heard = 0.0
        async for frame in faster(frames(), backlog, clock=clock):
            heard += frame.duration
            clock.now += frame.duration if is_played else 0.0
        return heard

    async def test_a_clause_at_a_time_is_unchanged(self, clock: Clock) -> None:
        assert await self.hear(clock, (0, 0.8), (1, 0.9), (2, 0.8)) == pytest.approx(2.5)

    async def test_clauses_that_wait_for_one_another_are_faster(self, clock: Clock) -> None:
        assert 4.0 / 1.25 < await self.hear(clock, (0, 1.0), (0.5, 1.0), (1.0, 1.0), (1.5, 1.0)) < 3.7

    async def test_a_long_rest_is_faster(self, clock: Clock) -> None:
        assert await self.hear(clock, (0, 5.0)) == pytest.approx(5.0 / 1.25, rel=0.01)

    async def test_a_long_rest_is_faster_until_a_clause_of_it_is_left(self, clock: Clock) -> None:
        assert 4.0 / 1.25 + 1.0 < await self.hear(clock, (0, 5.0), is_played=True) < 4.5
