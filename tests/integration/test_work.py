"""What a second of audio costs, counted in pieces of work, not in time: it must not grow unnoticed."""

from __future__ import annotations

import asyncio
from typing import Any

import azure.cognitiveservices.speech as speechsdk
from fakes.room import Audio
from fakes.streams import streams_of
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator import Behaviour

from .conftest import OpenPair

_SECONDS = 3
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
    pair = await open_pair()
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
