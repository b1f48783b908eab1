"""A route's track: what is heard of a speech where tracks are refused and break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from fakes.clock import VirtualLoop, run
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.room import RATE_HZ
from livekit_plugins_azure_interpreter._meeting.route_track import RouteTrack

ROUTE = Route("alice", "fr")
SILENT_SECONDS = 120.0
_QUEUED_FRAMES = 2
_END = -1


class Output:
    """A track that hears a frame when `_QUEUED_FRAMES` follow it, and takes back those that do."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._queued: list[rtc.AudioFrame] = []

    async def play(self, frame: rtc.AudioFrame) -> None:
        self._queued.append(frame)
        self._stage.step(frame.data[0])
        while len(self._queued) > _QUEUED_FRAMES:
            self._stage.heard.append(self._queued.pop(0).data[0])

    async def played(self) -> None:
        self._stage.step(_END)
        self._stage.heard += [frame.data[0] for frame in self._queued]
        self._queued.clear()

    def unheard(self) -> Sequence[rtc.AudioFrame]:
        if self._stage.keeps_what_is_unheard:
            raise RuntimeError("gives nothing back")
        return self._queued

    async def aclose(self) -> None:
        self._stage.open_tracks -= 1
        if self._stage.keeps_tracks:
            raise RuntimeError("stays")


class Stage:
    """A room for one track; `breaks` is how often a frame (by its number) still breaks the track."""

    def __init__(self, silent_seconds: float | None = SILENT_SECONDS) -> None:
        self.heard: list[int] = []
        self.errors: list[Exception] = []
        self.refusals = self.open_tracks = 0
        self.keeps_what_is_unheard = self.keeps_tracks = False
        self.is_connected = True
        self.pause_seconds = 0.0
        self.published = self.told_opened = 0
        self.may_publish = asyncio.Event()
        self.may_publish.set()
        self.breaks: dict[int, int] = {}
        self.track = RouteTrack(
            ROUTE,
            self,  # type: ignore[arg-type]  # pyright: ignore
            RATE_HZ,
            silent_seconds=silent_seconds,
            failed=self._failed,
            opened=self._told_opened,
        )

    async def publish(self, route: Route, sample_rate: int) -> Output:
        assert (route, sample_rate) == (ROUTE, RATE_HZ)
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("refused")
        await self.may_publish.wait()
        self.open_tracks += 1
        self.published += 1
        return Output(self)

    def step(self, number: int) -> None:
        if self.breaks.get(number):
            self.breaks[number] -= 1
            raise RuntimeError("broken")

    async def play(self, numbers: range, is_late: Callable[[], bool] = lambda: False) -> str | None:
        return await self.track.play(frames(numbers), is_late=is_late)

    def _failed(self, error: Exception) -> float:
        self.errors.append(error)
        return self.pause_seconds

    def _told_opened(self) -> None:
        self.told_opened += 1


async def frames(numbers: range) -> AsyncIterator[rtc.AudioFrame]:
    for number in numbers:
        yield rtc.AudioFrame(number.to_bytes(2, "little") * 160, RATE_HZ, 1, 160)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.track.aclose()
    assert stage.open_tracks == 0


@pytest.mark.parametrize("at", [0, 1, 5, 9, _END])
async def test_a_speech_goes_on_where_its_track_broke(stage: Stage, at: int) -> None:
    stage.breaks = {at: 1}
    assert await stage.play(range(10)) is None
    assert stage.heard == list(range(10))
    assert (len(stage.errors), stage.open_tracks) == (1, 1)


async def test_a_speech_may_break_two_tracks(stage: Stage) -> None:
    stage.breaks = {4: 1, _END: 1}
    assert await stage.play(range(10)) is None
    assert stage.heard == list(range(10))


async def test_a_speech_that_breaks_a_third_track_is_given_up(stage: Stage) -> None:
    stage.breaks = {4: 3}
    assert await stage.play(range(10)) == "failed"
    assert await stage.play(range(20, 25)) is None
    assert stage.heard == [0, 1, *range(20, 25)]


async def test_the_rest_of_a_speech_is_not_played_when_it_is_late(stage: Stage) -> None:
    stage.breaks = {4: 1}
    assert await stage.play(range(10), is_late=lambda: True) == "late"
    assert stage.heard == [0, 1]


async def test_a_speech_on_a_sound_track_is_never_late(stage: Stage) -> None:
    assert await stage.play(range(10), is_late=lambda: True) is None


async def test_a_track_that_is_refused_is_published_again(stage: Stage) -> None:
    stage.refusals = 5
    assert await stage.play(range(3)) is None
    assert stage.heard == [0, 1, 2]
    assert len(stage.errors) == 5


async def test_a_broken_track_that_gives_nothing_back_is_not_used_again(stage: Stage) -> None:
    stage.breaks = {4: 1}
    stage.keeps_what_is_unheard = True
    with pytest.raises(RuntimeError, match="gives nothing back"):
        await stage.play(range(10))
    assert stage.open_tracks == 0
    assert await stage.play(range(20, 25)) is None
    assert stage.heard == [0, 1, *range(20, 25)]


async def test_a_track_that_is_closed_is_published_again_for_the_next_speech(stage: Stage) -> None:
    await stage.track.open()
    await stage.track.aclose()
    await stage.track.aclose()
    assert stage.open_tracks == 0
    assert await stage.play(range(3)) is None
    assert stage.heard == [0, 1, 2]


async def test_an_error_of_the_voice_leaves_the_track_as_it_is(stage: Stage) -> None:
    async def failing() -> AsyncIterator[rtc.AudioFrame]:
        async for frame in frames(range(2)):
            yield frame
        raise ValueError("of the voice")

    with pytest.raises(ValueError, match="of the voice"):
        await stage.track.play(failing(), is_late=lambda: False)
    assert (stage.errors, stage.open_tracks) == ([], 1)


def on_a_stage(test: Callable[[Stage], Awaitable[None]]) -> Callable[[], None]:
    """Run a test in virtual time; after it nothing is left open."""

    async def played() -> None:
        stage = Stage()
        await test(stage)
        await stage.track.aclose()
        assert stage.open_tracks == 0

    def decorated() -> None:
        run(VirtualLoop(), played())

    decorated.__name__, decorated.__doc__ = test.__name__, test.__doc__
    return decorated


@on_a_stage
async def test_a_track_is_given_up_after_a_long_silence(stage: Stage) -> None:
    await stage.play(range(3))
    await asyncio.sleep(SILENT_SECONDS - 1)
    assert stage.open_tracks == 1
    await asyncio.sleep(2)
    assert stage.open_tracks == 0


@on_a_stage
async def test_a_speech_after_a_long_silence_is_heard_on_another_track(stage: Stage) -> None:
    await stage.play(range(3))
    await asyncio.sleep(SILENT_SECONDS + 1)
    assert await stage.play(range(3, 6)) is None
    assert stage.heard == list(range(6))
    assert stage.published == 2


@on_a_stage
async def test_a_track_that_was_opened_and_never_used_is_given_up(stage: Stage) -> None:
    await stage.track.open()
    await asyncio.sleep(SILENT_SECONDS + 1)
    assert stage.open_tracks == 0


@on_a_stage
async def test_a_track_on_which_a_voice_is_expected_stays(stage: Stage) -> None:
    await stage.track.open()
    for _ in range(3):
        await asyncio.sleep(SILENT_SECONDS - 1)
        stage.track.expect()
    assert stage.published == stage.open_tracks == 1


@on_a_stage
async def test_a_track_stays_while_a_voice_pauses(stage: Stage) -> None:
    async def pausing() -> AsyncIterator[rtc.AudioFrame]:
        async for frame in frames(range(3)):
            yield frame
            await asyncio.sleep(2 * SILENT_SECONDS)

    assert await stage.track.play(pausing(), is_late=lambda: False) is None
    assert stage.heard == [0, 1, 2]
    assert stage.published == 1


@on_a_stage
async def test_a_track_is_there_when_a_voice_is_expected(stage: Stage) -> None:
    for _ in range(2):
        stage.track.expect()
    await asyncio.sleep(0.1)
    assert stage.published == stage.open_tracks == stage.told_opened == 1


@on_a_stage
async def test_a_voice_that_comes_while_its_track_is_being_published_waits_for_it(stage: Stage) -> None:
    stage.may_publish.clear()
    stage.track.expect()
    playing = asyncio.create_task(stage.play(range(3)))
    await asyncio.sleep(0.1)
    stage.may_publish.set()
    assert await playing is None
    assert stage.heard == [0, 1, 2]
    assert stage.published == 1


@on_a_stage
async def test_a_track_that_broke_amid_a_voice_is_not_published_sooner_for_the_next_one(stage: Stage) -> None:
    stage.breaks, stage.pause_seconds = {1: 1}, 10.0
    playing = asyncio.create_task(stage.play(range(3)))
    await asyncio.sleep(0.1)
    stage.track.expect()
    await asyncio.sleep(5.0)
    assert stage.published == 1
    assert await playing is None
    assert stage.heard == [0, 1, 2]


@on_a_stage
async def test_an_expected_track_that_is_refused_is_published_again(stage: Stage) -> None:
    stage.refusals = 2
    stage.track.expect()
    await asyncio.sleep(0.1)
    assert (len(stage.errors), stage.open_tracks, stage.told_opened) == (2, 1, 1)


@on_a_stage
async def test_a_track_that_is_closed_while_it_is_being_published_is_not_published(stage: Stage) -> None:
    stage.may_publish.clear()
    stage.track.expect()
    await asyncio.sleep(0.1)
    await stage.track.aclose()
    stage.may_publish.set()
    await asyncio.sleep(0.1)
    assert stage.published == 0


@on_a_stage
async def test_each_further_track_is_kept_for_twice_as_long(stage: Stage) -> None:
    for kept in (SILENT_SECONDS, 2 * SILENT_SECONDS, 4 * SILENT_SECONDS):
        stage.track.expect()
        await asyncio.sleep(kept - 1)
        assert stage.open_tracks == 1
        await asyncio.sleep(2)
        assert stage.open_tracks == 0


def test_a_track_can_stay_for_ever() -> None:
    async def play() -> None:
        stage = Stage(silent_seconds=None)
        await stage.play(range(3))
        await asyncio.sleep(1000 * SILENT_SECONDS)
        assert stage.open_tracks == 1
        await stage.track.aclose()

    run(VirtualLoop(), play())


@on_a_stage
async def test_no_track_is_given_up_while_the_connection_is_lost(stage: Stage) -> None:
    await stage.track.open()
    stage.is_connected = False
    await asyncio.sleep(10 * SILENT_SECONDS)
    assert stage.open_tracks == 1
    stage.is_connected = True
    await asyncio.sleep(2 * SILENT_SECONDS)
    assert stage.open_tracks == 0


def test_a_silent_track_that_cannot_be_taken_out_is_told(caplog: pytest.LogCaptureFixture) -> None:
    @on_a_stage
    async def test(stage: Stage) -> None:
        stage.keeps_tracks = True
        await stage.track.open()
        await asyncio.sleep(SILENT_SECONDS + 1)
        stage.keeps_tracks = False
        assert await stage.play(range(3)) is None

    test()
    (record,) = caplog.records
    assert "alice-fr" in record.getMessage()
