"""What a second of audio costs, counted in pieces of work, not in time: it must not grow unnoticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from operator import attrgetter
from typing import Any

import azure.cognitiveservices.speech as speechsdk
import pytest
from fakes.room import Audio
from fakes.streams import streams_of
from fakes.work import Work
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter._sound.speech_detector import SpeechDetector
from livekit_plugins_azure_interpreter.emulator import Behaviour, EmulatorThread

from .conftest import OpenPair

_SECONDS = 3
_PACED_FRAMES = 250
_STEPS_OF_TEST = 4
"""For each frame, this test lets the loop run so often."""
_FRAMES = 50 * _SECONDS


async def _interpret(open_pair: OpenPair, audio: Audio) -> Any:
    pair = await open_pair(Behaviour(script=[audio.line(1)], interim_interval_ms=200))
    await pair.interpret(audio.speech((0.2, 2.2), end=_SECONDS))
    assert len(pair.finals) == 1
    assert len(pair.of("interim_transcript")) >= 5
    return pair


async def test_a_frame_is_written_once(open_pair: OpenPair, audio: Audio, mocker: MockerFixture) -> None:
    write = mocker.spy(speechsdk.audio.PushAudioInputStream, "write")
    await _interpret(open_pair, audio)
    assert write.call_count <= _FRAMES


async def test_a_frame_is_copied_once_before_the_sdk_copies_it(
    open_pair: OpenPair, audio: Audio, mocker: MockerFixture, until: Any
) -> None:
    """What is kept for another attempt is what was written, not another copy."""
    write = mocker.spy(speechsdk.audio.PushAudioInputStream, "write")
    pair = await open_pair(latency="low")  # a message is a frame
    pair.push(audio.silence(1.0))
    await until(lambda: write.call_count >= 50)
    written = {id(call.args[1]) for call in write.call_args_list}
    assert len(written) == 50
    kept = streams_of(pair.stt).open[pair.stream].audio.replay_buffer
    assert {id(piece.pcm) for piece in kept.pieces()} == written


async def test_an_interim_result_is_not_read_by_the_sdks_python_layer(
    open_pair: OpenPair, audio: Audio, mocker: MockerFixture
) -> None:
    """It copies 115 properties for each, which takes eight times as long."""
    read = mocker.spy(speechsdk.translation.TranslationRecognitionResult, "__init__")
    await _interpret(open_pair, audio)
    assert read.call_count <= 2  # the final result, and the end of the audio


async def test_the_loop_is_woken_once_for_an_event(
    open_pair: OpenPair, audio: Audio, mocker: MockerFixture
) -> None:
    post = mocker.spy(asyncio.get_running_loop(), "call_soon_threadsafe")
    pair = await _interpret(open_pair, audio)
    voice_chunks = 0.5 / 0.1  # 3,200 bytes each
    others = 2 + 1 + 2 + 2 + 1  # connecting, final, speech, the voice's end, the end of the audio
    threads = 3  # that open and close
    messages = _SECONDS + 1
    most = len(pair.of("interim_transcript")) + voice_chunks + others + threads + messages
    assert post.call_count <= most


@pytest.mark.parametrize(
    "name",
    [
        "translation.TranslationSynthesisResult",
        "translation.TranslationSynthesisEventArgs",
        "translation.TranslationRecognitionEventArgs",
        "ConnectionEventArgs",
        "RecognitionEventArgs",
        "SessionEventArgs",
    ],
)
async def test_the_sdks_python_layer_reads_no_event(
    open_pair: OpenPair, audio: Audio, mocker: MockerFixture, name: str
) -> None:
    read = mocker.spy(attrgetter(name)(speechsdk), "__init__")
    await _interpret(open_pair, audio)
    assert read.call_count == 0


class _Pace:
    """A pair that gets silent frames one by one, each while it waits for it."""

    def __init__(self, pair: Any, audio: Audio) -> None:
        self._pair, self._frames = pair, audio.frames(audio.silence(_PACED_FRAMES / 50))

    async def push(self) -> None:
        for frame in self._frames:
            self._pair.stream.push_frame(frame)
            for _ in range(_STEPS_OF_TEST):
                await asyncio.sleep(0)


@pytest.fixture
async def pace(open_pair: OpenPair, audio: Audio, until: Any) -> AsyncIterator[_Pace]:
    """One whose connection is open. The emulator works in a thread, so its work is not counted."""
    with EmulatorThread() as emulator:
        pair = await open_pair(speech_endpoint=emulator.endpoint)
        listening = asyncio.create_task(pair.listen())
        pair.push(audio.silence(0.12))  # whole messages
        await until(lambda: streams_of(pair.stt).open[pair.stream].audio.replay_buffer.end_seconds >= 0.12)
        yield _Pace(pair, audio)
        listening.cancel()
        await asyncio.wait({listening})
        await pair.aclose()


@pytest.mark.parametrize(
    ("what", "most"),
    [
        ("calls", 16.0),  # 14.6
        ("steps", _STEPS_OF_TEST + 1.1),  # the stream wakes up
        ("timers", 0.05),  # none; a few as the connection opens
        ("tasks", 0.05),
        ("wakes", 0.05),
    ],
)
async def test_a_frame_costs_no_more_work(pace: _Pace, what: str, most: float) -> None:
    with Work() as work:
        await pace.push()
    assert getattr(work, what) / _PACED_FRAMES <= most


async def test_speech_is_detected_in_a_fifth_of_a_second_at_once(pace: _Pace, mocker: MockerFixture) -> None:
    """One frame costs numpy as many calls as ten."""
    detect = mocker.spy(SpeechDetector, "push")
    await pace.push()
    assert detect.call_count <= _PACED_FRAMES / 10 + 1


async def _whole_work(
    open_pair: OpenPair, audio: Audio, *, voice_seconds: float = 0.5, interim_ms: int = 200
) -> tuple[Work, int]:
    """The work of an utterance from its connection to its voice, and how many interim results it had."""
    behaviour = Behaviour(script=[audio.line(1, voice_seconds)], interim_interval_ms=interim_ms)
    with EmulatorThread(behaviour) as emulator:
        pair = await open_pair(speech_endpoint=emulator.endpoint)
        with Work() as work:
            await pair.interpret(audio.speech((0.2, 2.2), end=_SECONDS))
    return work, len(pair.of("interim_transcript"))


@pytest.mark.parametrize(
    ("what", "most"),
    [
        # Steps and timers depend on how many chunks come at once.
        ("calls", 90.0),  # 71 if all come at once, 10 more if each comes alone
        ("tasks", 0.05),
    ],
)
async def test_a_chunk_of_a_voice_costs_no_more_work(
    open_pair: OpenPair, audio: Audio, what: str, most: float
) -> None:
    """Without what a voice costs that is as short as possible; a chunk is 0.1 s long."""
    short, _ = await _whole_work(open_pair, audio, voice_seconds=0.5)
    long, _ = await _whole_work(open_pair, audio, voice_seconds=4.5)
    assert (getattr(long, what) - getattr(short, what)) / 40 <= most


@pytest.mark.parametrize(
    ("what", "most"),
    [
        ("calls", 65.0),  # 52, or 5 more
        ("tasks", 0.05),
    ],
)
async def test_an_interim_result_costs_no_more_work(
    open_pair: OpenPair, audio: Audio, what: str, most: float
) -> None:
    few, fewer = await _whole_work(open_pair, audio, interim_ms=400)
    many, more = await _whole_work(open_pair, audio, interim_ms=100)
    assert more - fewer >= 12
    assert (getattr(many, what) - getattr(few, what)) / (more - fewer) <= most
