"""What one speaker says, whatever tracks they publish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from fakes.fixtures import Until
from livekit import rtc

from livekit_plugins_azure_interpreter._meeting.room import RATE_HZ
from livekit_plugins_azure_interpreter._meeting.speaker_input import SpeakerInput


class Tracks:
    """The tracks of a room: what is pushed into them is listened to; None ends one.

    Attributes:
        listened: Those that are listened to.
        frames: The frames that they gave.
    """

    def __init__(self) -> None:
        self.listened: list[str] = []
        self.frames: list[rtc.AudioFrame] = []
        self._queues: dict[str, asyncio.Queue[int | None]] = {}

    def push(self, track: str, *values: int | None) -> None:
        for value in values:
            self._queue(track).put_nowait(value)

    async def listen(self, track: str) -> AsyncIterator[rtc.AudioFrame]:
        self.listened.append(track)
        try:
            while (value := await self._queue(track).get()) is not None:
                pcm = np.full(320, value, np.int16).tobytes()
                self.frames.append(rtc.AudioFrame(pcm, RATE_HZ, 1, 320))
                yield self.frames[-1]
        finally:
            self.listened.remove(track)

    def _queue(self, track: str) -> asyncio.Queue[int | None]:
        return self._queues.setdefault(track, asyncio.Queue())


class Ear:
    def __init__(self, tracks: Tracks) -> None:
        self.heard: list[int] = []
        self.frames: list[rtc.AudioFrame] = []
        self.hearing = SpeakerInput(tracks, self._said)  # type: ignore[arg-type]

    def _said(self, frame: rtc.AudioFrame) -> None:
        self.frames.append(frame)
        self.heard += [int(value) for value in np.frombuffer(frame.data, np.int16)[::320]]


@pytest.fixture
def tracks() -> Tracks:
    return Tracks()


@pytest.fixture
async def ear(tracks: Tracks) -> AsyncIterator[Ear]:
    ear = Ear(tracks)
    yield ear
    await ear.hearing.aclose()
    assert not tracks.listened


async def test_a_track_is_heard_in_order(tracks: Tracks, ear: Ear, until: Until) -> None:
    ear.hearing.listen_to(["mic"])
    tracks.push("mic", 1, 2, 3)
    await until(lambda: ear.heard == [1, 2, 3])


async def test_a_track_alone_is_passed_on_without_a_copy(tracks: Tracks, ear: Ear, until: Until) -> None:
    ear.hearing.listen_to(["mic"])
    tracks.push("mic", 1, 2)
    await until(lambda: len(ear.frames) == 2)
    assert all(heard is given for heard, given in zip(ear.frames, tracks.frames, strict=True))


async def test_two_tracks_are_one_speech(tracks: Tracks, ear: Ear, until: Until) -> None:
    ear.hearing.listen_to(["mic", "screen"])
    tracks.push("mic", 1, 2)
    tracks.push("screen", 10, 20)
    await until(lambda: ear.heard == [11, 22])


async def test_a_track_that_goes_is_not_listened_to(tracks: Tracks, ear: Ear, until: Until) -> None:
    ear.hearing.listen_to(["mic", "screen"])
    await until(lambda: len(tracks.listened) == 2)
    ear.hearing.listen_to(["screen"])
    await until(lambda: tracks.listened == ["screen"])
    tracks.push("screen", 5)
    await until(lambda: ear.heard == [5])


async def test_the_rest_of_a_track_is_heard_when_all_go(tracks: Tracks, ear: Ear, until: Until) -> None:
    ear.hearing.listen_to(["mic", "screen"])
    tracks.push("mic", 7)
    await until(lambda: tracks._queue("mic").empty())
    await asyncio.sleep(0)
    ear.hearing.listen_to([])
    assert ear.heard == [7]


async def test_a_track_that_ended_is_listened_to_again(tracks: Tracks, ear: Ear, until: Until) -> None:
    ear.hearing.listen_to(["mic"])
    tracks.push("mic", 1, None)
    await until(lambda: ear.heard == [1] and not tracks.listened)
    await asyncio.sleep(0)
    ear.hearing.listen_to(["mic"])
    tracks.push("mic", 2)
    await until(lambda: ear.heard == [1, 2])


async def test_a_track_that_stays_is_listened_to_once(tracks: Tracks, ear: Ear, until: Until) -> None:
    for others in ([], ["screen"], []):
        ear.hearing.listen_to(["mic", *others])
        await until(lambda: "mic" in tracks.listened)
    await until(lambda: tracks.listened == ["mic"])
    tracks.push("mic", 1, 2)
    await until(lambda: ear.heard == [1, 2])


async def test_a_frame_that_comes_as_its_track_goes_is_not_heard(
    tracks: Tracks, ear: Ear, until: Until
) -> None:
    ear.hearing.listen_to(["mic", "screen"])
    await until(lambda: len(tracks.listened) == 2)
    tracks.push("mic", 3)
    ear.hearing.listen_to(["screen"])
    await until(lambda: tracks.listened == ["screen"])
    tracks.push("screen", 5)
    await until(lambda: ear.heard)
    assert ear.heard == [5]
