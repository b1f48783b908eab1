from __future__ import annotations

import asyncio
from typing import Any

import pytest
from face import Face
from fakes.limits import within
from fakes.room import Audio
from fakes.stage import openness
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd
from renderer import FaceRenderer

FPS = 25


@pytest.fixture
def audio() -> Audio:
    return Audio()


@pytest.fixture
async def renderer() -> FaceRenderer:
    return FaceRenderer(Face(240), fps=FPS, sample_rate=16000)


async def push(renderer: FaceRenderer, pcm: bytes, *, frame_ms: float = 100, end: bool = True) -> None:
    for frame in Audio().frames(pcm, frame_ms=frame_ms):
        await renderer.push_audio(frame)
    if end:
        await renderer.push_audio(AudioSegmentEnd())


async def rendered(renderer: FaceRenderer) -> list[Any]:
    """All that comes until the next speech is over."""

    async def take() -> list[Any]:
        output = []
        async for one in renderer:
            output.append(one)
            if isinstance(one, AudioSegmentEnd):
                break
        return output

    return await within(take())


async def turns() -> None:
    """Some turns of the loop: everybody does what can be done without waiting."""
    for _ in range(20):
        await asyncio.sleep(0)


def sound(output: list[Any]) -> bytes:
    return b"".join(bytes(one.data) for one in output if isinstance(one, rtc.AudioFrame))


def mouths(output: list[Any]) -> list[float]:
    return [openness(one) for one in output if isinstance(one, rtc.VideoFrame)]


@pytest.mark.parametrize("frame_ms", [10, 20, 100, 333])
async def test_a_voice_leaves_as_it_came_with_a_picture_before_each_piece_and_one_end(
    renderer: FaceRenderer, audio: Audio, frame_ms: float
) -> None:
    voice = audio.voice(0.5, seed=1).pcm + bytes(100)
    await push(renderer, voice, frame_ms=frame_ms)
    output = await rendered(renderer)
    pieces = 13  # 40 ms each, and the rest
    assert sound(output) == voice
    assert [type(one) for one in output] == [rtc.VideoFrame, rtc.AudioFrame] * pieces + [AudioSegmentEnd]


async def test_the_mouth_is_open_while_the_voice_sounds_and_closed_in_its_pauses(
    renderer: FaceRenderer, audio: Audio
) -> None:
    await push(renderer, audio.speech((0.4, 0.8), (1.2, 1.6), end=2.0))
    seen = mouths(await rendered(renderer))
    sounding = [*range(10, 20), *range(30, 40)]  # 25 pictures per second
    assert min(seen[number] for number in sounding) > 0.1
    closing = [*range(20, 23), *range(40, 43)]
    silent = [number for number in range(len(seen)) if number not in sounding and number not in closing]
    assert [seen[number] for number in silent] == [0.0] * len(silent)


async def test_the_face_is_shown_with_its_mouth_closed_while_nothing_comes(renderer: FaceRenderer) -> None:
    frames = aiter(renderer)
    idle = [await within(anext(frames)) for _ in range(3)]
    assert mouths(idle) == [0.0] * 3


async def test_audio_that_comes_during_a_wait_is_played_before_the_next_picture_is_due(audio: Audio) -> None:
    renderer = FaceRenderer(Face(240), fps=1, sample_rate=16000)
    waiting = asyncio.create_task(rendered(renderer))
    await turns()
    await push(renderer, audio.burst(1.0))
    await turns()
    assert waiting.done()
    assert sound(waiting.result()) == audio.burst(1.0)


async def test_a_cleared_speech_is_not_played_and_the_next_one_is_whole(
    renderer: FaceRenderer, audio: Audio
) -> None:
    await push(renderer, audio.voice(0.51, seed=1).pcm, end=False)
    renderer.clear_buffer()
    await push(renderer, audio.voice(0.2, seed=2).pcm)
    assert sound(await rendered(renderer)) == audio.voice(0.2, seed=2).pcm
