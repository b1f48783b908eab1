"""A voice on its way into a room, also where the connection is lost meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest
from fakes.clock import in_virtual_time
from fakes.limits import within
from fakes.livekit_room import Publication
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting.output_track import QUEUE_MS, OutputTrack
from livekit_plugins_azure_interpreter._meeting.planner import Route
from livekit_plugins_azure_interpreter._meeting.room import RATE_HZ

_SAMPLES = RATE_HZ // 50
_FRAMES_PER_SECOND = 50


class Source:
    """Takes frames, and queues the last QUEUE_MS of them."""

    queued_duration = QUEUE_MS / 1000

    def __init__(self) -> None:
        self.captured: list[int] = []
        self.broken = self.closed = False
        self.meanwhile: Callable[[], None] = lambda: None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self.broken:
            self.meanwhile()
            raise RuntimeError("the source is broken")
        self.captured.append(frame.data[0])

    def clear_queue(self) -> None:
        """What was queued is not heard."""

    async def wait_for_playout(self) -> None:
        self.meanwhile()

    async def aclose(self) -> None:
        self.closed = True


class Place:
    """Where a track is heard: a room whose connection can be lost."""

    def __init__(self) -> None:
        self.source = Source()
        self.audible = asyncio.Event()
        self.audible.set()
        self.refuses: Exception | None = None
        self.publication = Publication("TR_own")
        self.track = OutputTrack(
            Route("alice", "fr"),
            self.source,  # type: ignore[arg-type]
            self.publication,  # type: ignore[arg-type]
            lambda route: self.audible.wait(),  # type: ignore[arg-type,return-value]
            self._unpublish,
        )

    async def _unpublish(self, track: OutputTrack) -> None:
        if self.refuses is not None:
            raise self.refuses

    async def play(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            frame = rtc.AudioFrame(number.to_bytes(2, "little") * _SAMPLES, RATE_HZ, 1, _SAMPLES)
            await self.track.play(frame)

    def lose(self) -> None:
        self.audible.clear()
        self.track.lost()


@pytest.fixture
async def place() -> Place:
    return Place()


async def test_frames_are_played_once_in_order(place: Place) -> None:
    await place.play(range(100))
    await within(place.track.played())
    assert place.source.captured == list(range(100))


async def test_unheard_audio_of_before_a_loss_is_played_in_order_when_listeners_are_back(
    place: Place,
) -> None:
    await place.play(range(100))
    place.lose()
    waiting = asyncio.create_task(place.play(range(100, 110)))
    await asyncio.sleep(0)
    assert place.source.captured == list(range(100))
    place.audible.set()
    await within(waiting)
    # 0.4 s were queued, and 0.5 s may have gone astray.
    again = place.source.captured[100:-10]
    assert 0.86 <= len(again) / _FRAMES_PER_SECOND <= 0.92
    assert place.source.captured[100:] == list(range(again[0], 110))


async def test_a_replay_is_repeated_if_the_connection_is_lost_meanwhile(
    place: Place,
) -> None:
    await place.play(range(5))
    place.lose()
    place.lose()
    place.audible.set()
    await within(place.track.played())
    assert place.source.captured == [*range(5), *range(5)]


async def test_a_voice_that_was_heard_to_its_end_is_not_repeated(place: Place) -> None:
    await place.play(range(5))
    await within(place.track.played())
    place.lose()
    place.audible.set()
    await within(place.track.played())
    assert place.source.captured == list(range(5))


async def test_the_end_of_a_voice_waits_for_its_listeners(place: Place) -> None:
    await place.play(range(5))
    place.lose()
    ending = asyncio.create_task(place.track.played())
    await asyncio.sleep(0)
    assert not ending.done()
    place.audible.set()
    await within(ending)
    assert place.source.captured == [*range(5), *range(5)]


async def test_a_broken_track_gives_back_what_was_queued_and_the_frame_that_failed(place: Place) -> None:
    await place.play(range(100))
    place.source.broken = True
    with pytest.raises(RuntimeError):
        await place.play([100])
    queued_frames = QUEUE_MS * _FRAMES_PER_SECOND // 1000
    assert [frame.data[0] for frame in place.track.unheard()] == list(range(100 - queued_frames, 101))


async def test_a_track_that_breaks_while_it_repeats_gives_back_all_of_it(place: Place) -> None:
    await place.play(range(5))
    place.lose()
    place.source.broken = True
    place.audible.set()
    with pytest.raises(RuntimeError):
        await within(place.track.played())
    assert [frame.data[0] for frame in place.track.unheard()] == list(range(5))


async def test_a_track_that_breaks_as_the_connection_is_lost_gives_each_frame_back_once(place: Place) -> None:
    await place.play(range(5))
    place.source.broken, place.source.meanwhile = True, place.lose
    with pytest.raises(RuntimeError):
        await place.play([5])
    assert [frame.data[0] for frame in place.track.unheard()] == list(range(6))


async def test_the_end_of_a_voice_that_is_lost_while_it_is_awaited_is_repeated(place: Place) -> None:
    def lose_once() -> None:
        place.source.meanwhile = lambda: None
        place.track.lost()

    await place.play(range(5))
    place.source.meanwhile = lose_once
    await within(place.track.played())
    assert place.source.captured == [*range(5), *range(5)]


async def test_a_track_that_is_not_unpublished_is_a_warning(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.refuses = rtc.participant.UnpublishTrackError("it stays")
    await place.track.aclose()
    assert "alice-fr was not unpublished" in caplog.text
    assert place.source.closed


async def test_a_voice_waits_until_somebody_has_subscribed_to_the_new_track(place: Place) -> None:
    place.publication.heard.clear()
    playing = asyncio.create_task(place.play(range(3)))
    await asyncio.sleep(0)
    assert place.source.captured == []
    place.publication.heard.set()
    await within(playing)
    assert place.source.captured == [0, 1, 2]


@in_virtual_time
async def test_a_voice_that_nobody_subscribes_to_waits_for_two_seconds_at_most() -> None:
    place = Place()
    place.publication.heard.clear()
    await asyncio.sleep(0.5)
    began_at = asyncio.get_running_loop().time()
    await place.play(range(3))
    assert asyncio.get_running_loop().time() - began_at == pytest.approx(1.5)
    assert place.source.captured == [0, 1, 2]
