"""What LiveKit expects of a TTS: frames, ids, metrics, empty texts, time limits, retries and closing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from fakes.limits import within
from fakes.promises import takes_less_than, tries_again
from livekit.agents import APIConnectOptions, APIError, APIStatusError, APITimeoutError, tts

from livekit_plugins_azure_interpreter import TTS
from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    DropInVoice,
    DropText,
    MuteText,
    NoVoice,
    SlowVoice,
    synthesize,
)

from .conftest import OpenSpeaking, Speaking

LONGEST_FRAME_SECONDS = 0.25
VOICED = pytest.mark.parametrize("open_speaking", ["voice", "other_text"], indirect=True)
"""Texts that can be spoken again, and over a connection of their own."""
WAYS = pytest.mark.parametrize("way", ["stream", "synthesize"])


async def speak(speaking: Speaking, way: str, *texts: str, **options: Any) -> list[tts.SynthesizedAudio]:
    heard: list[tts.SynthesizedAudio] = await getattr(speaking, way)(*texts or [speaking.text], **options)
    return heard


def pcm(heard: list[tts.SynthesizedAudio]) -> bytes:
    return b"".join(bytes(audio.frame.data) for audio in heard)


def same(heard: list[tts.SynthesizedAudio], speaking: Speaking) -> bool:
    """Sample for sample, but for the 10 ms of silence with which LiveKit may end a segment."""
    padding = bytes(speaking.tts.sample_rate // 100 * 2)
    return pcm(heard) in (speaking.pcm, speaking.pcm + padding)


def recoverable(speaking: Speaking) -> list[bool]:
    return [error.recoverable for error in speaking.told.errors]


@WAYS
class TestFrames:
    async def test_frames_are_the_samples_at_the_declared_rate(
        self, open_speaking: OpenSpeaking, way: str
    ) -> None:
        speaking = await open_speaking()
        heard = await speak(speaking, way)
        assert same(heard, speaking)
        declared = (speaking.tts.sample_rate, speaking.tts.num_channels)
        assert {(audio.frame.sample_rate, audio.frame.num_channels) for audio in heard} == {declared}

    async def test_none_is_empty_or_long(self, open_speaking: OpenSpeaking, way: str) -> None:
        heard = await speak(await open_speaking(), way)
        assert all(0 < audio.frame.duration < LONGEST_FRAME_SECONDS for audio in heard)

    async def test_the_last_and_no_other_is_final(self, open_speaking: OpenSpeaking, way: str) -> None:
        *others, last = await speak(await open_speaking(), way)
        assert last.is_final
        assert not any(audio.is_final for audio in others)


@WAYS
class TestIds:
    async def test_all_frames_have_the_same(self, open_speaking: OpenSpeaking, way: str) -> None:
        heard = await speak(await open_speaking(), way)
        ((request_id, segment_id),) = {(audio.request_id, audio.segment_id) for audio in heard}
        assert request_id
        assert segment_id or way == "synthesize"

    @VOICED
    async def test_each_request_has_its_own(self, open_speaking: OpenSpeaking, way: str) -> None:
        speaking = await open_speaking()
        first, second = await speak(speaking, way), await speak(speaking, way)
        assert first[0].request_id != second[0].request_id


@WAYS
class TestMetrics:
    async def test_one_text_is_one_report(self, open_speaking: OpenSpeaking, way: str) -> None:
        speaking = await open_speaking()
        heard = await speak(speaking, way)
        (metrics,) = speaking.tts_metrics
        # What a fallback says it reports under its own name, as LiveKit's adapters have it.
        own = speaking.counted_by is speaking.tts
        assert (metrics.request_id == heard[0].request_id) is own
        assert metrics.characters_count == len(speaking.text)
        assert metrics.audio_duration == pytest.approx(sum(audio.frame.duration for audio in heard))
        assert 0 <= metrics.ttfb <= metrics.duration
        model, label = speaking.counted_by.model, speaking.counted_by.label
        assert metrics.label == label
        assert metrics.metadata is not None
        assert (metrics.metadata.model_name, metrics.metadata.model_provider) == (model, "Azure")
        assert speaking.told.errors == []


class TestTexts:
    async def test_one_that_comes_in_pieces_is_heard_as_if_it_came_at_once(
        self, open_speaking: OpenSpeaking
    ) -> None:
        speaking = await open_speaking()
        heard = await speaking.stream(*speaking.text)
        assert same(heard, speaking)
        assert len({audio.segment_id for audio in heard}) == 1

    async def test_a_flush_at_its_end_changes_nothing(self, open_speaking: OpenSpeaking) -> None:
        speaking = await open_speaking()
        async with speaking.tts.stream() as stream:
            stream.push_text(speaking.text)
            stream.flush()
            stream.end_input()
            heard = await within(collect(stream))
        assert same(heard, speaking)

    async def test_text_after_the_end_is_not_spoken(self, open_speaking: OpenSpeaking) -> None:
        speaking = await open_speaking()
        async with speaking.tts.stream() as stream:
            stream.push_text(speaking.text)
            stream.end_input()
            stream.push_text(" And more.")
            heard = await within(collect(stream))
        assert same(heard, speaking)

    @WAYS
    @pytest.mark.parametrize("text", ["", "  \n"])
    async def test_an_empty_one_is_silence_at_once_and_no_error(
        self, open_speaking: OpenSpeaking, way: str, text: str
    ) -> None:
        speaking = await open_speaking()
        assert await speak(speaking, way, text) == []
        assert speaking.told.errors == []
        # LiveKit reports on any text that was whole from the beginning; `TTS` on what is heard.
        assert len(speaking.tts_metrics) == (way == "synthesize" and not isinstance(speaking.tts, TTS))

    async def test_two_at_once_are_not_mixed_up(self, open_voice: OpenSpeaking) -> None:
        speaking = await open_voice()
        first, second = await asyncio.gather(speaking.stream(speaking.text), speaking.stream("No."))
        assert pcm(first) == speaking.pcm
        assert pcm(second) == synthesize("No.", 0.5, 24000).pcm
        assert first[0].request_id != second[0].request_id
        assert first[0].segment_id != second[0].segment_id


async def collect(stream: tts.SynthesizeStream) -> list[tts.SynthesizedAudio]:
    return [audio async for audio in stream]


@VOICED
@WAYS
class TestTimeLimits:
    @tries_again
    async def test_a_mute_service_is_a_timeout_in_time(self, open_speaking: OpenSpeaking, way: str) -> None:
        speaking = await open_speaking(Behaviour(faults=[MuteText()]))
        began_at = time.monotonic()
        with takes_less_than(2.0), pytest.raises(APITimeoutError):
            await speak(speaking, way, max_retry=0, timeout=0.4)
        assert time.monotonic() - began_at > 0.3
        assert recoverable(speaking) == [False]
        assert speaking.tts_metrics == []

    async def test_a_mute_text_is_tried_as_often_as_asked(
        self, open_speaking: OpenSpeaking, way: str
    ) -> None:
        speaking = await open_speaking(Behaviour(faults=[MuteText()]))
        with pytest.raises(APITimeoutError):
            await speak(speaking, way, max_retry=3, timeout=0.2, retry_interval=0.0)
        assert recoverable(speaking) == [True, True, True, False]
        assert speaking.tts_metrics == []


@WAYS
class TestRetries:
    async def test_one_before_the_first_sound_is_not_heard(self, open_voice: OpenSpeaking, way: str) -> None:
        speaking = await open_voice(Behaviour(faults=[MuteText(times=1)]))
        heard = await speak(speaking, way, timeout=2.0)  # the second may be slow on a busy machine
        assert same(heard, speaking)
        assert len({audio.request_id for audio in heard}) == 1
        assert recoverable(speaking) == [True]
        assert len(speaking.tts_metrics) == 1

    @pytest.mark.parametrize("after", [0.2, 0.8])
    async def test_the_rest_follows_partial_audio_under_the_same_id(
        self, open_voice: OpenSpeaking, way: str, after: float
    ) -> None:
        speaking = await open_voice(Behaviour(faults=[DropText(after=after, times=1)]))
        heard = await speak(speaking, way)
        assert same(heard, speaking)
        assert len({audio.request_id for audio in heard}) == 1
        assert [audio.is_final for audio in heard] == [False] * (len(heard) - 1) + [True]
        assert len(speaking.tts_metrics) == 1

    async def test_a_wrong_key_is_tried_once(self, open_voice: OpenSpeaking, way: str) -> None:
        speaking = await open_voice(Behaviour(key="right"), speech_key="wrong")
        with pytest.raises(APIStatusError):
            await speak(speaking, way)
        assert recoverable(speaking) == [False]


@WAYS
class TestLostVoices:
    """A translation whose voice does not come, and there is no fallback: nothing is worth another attempt."""

    @tries_again
    async def test_none_at_all_ends_quietly_and_in_time(
        self, open_translation: OpenSpeaking, way: str, by_length: Any
    ) -> None:
        speaking = await open_translation(by_length(faults=[NoVoice()]), voice_timeout_seconds=0.3)
        with takes_less_than(2.0):
            assert await speak(speaking, way) == []
        assert recoverable(speaking) == [True]
        assert all(metrics.audio_duration == 0 for metrics in speaking.tts_metrics)

    async def test_one_that_is_cut_is_heard_up_to_there_and_ends_with_a_final_frame(
        self, open_translation: OpenSpeaking, way: str, by_length: Any
    ) -> None:
        speaking = await open_translation(by_length(voice_speed=1.0, faults=[DropInVoice(after=0.5)]))
        heard = await speak(speaking, way)
        assert speaking.pcm.startswith(pcm(heard)[:-320])
        assert 0 < len(pcm(heard)) < len(speaking.pcm)
        assert heard[-1].is_final
        assert len(speaking.tts_metrics) == 1

    async def test_another_text_is_an_error_and_no_retry(
        self, open_translation: OpenSpeaking, way: str
    ) -> None:
        speaking = await open_translation()
        with pytest.raises(APIError):
            await speak(speaking, way, "Nobody said this.")
        assert recoverable(speaking) == [False]


class TestClosing:
    @pytest.mark.parametrize("moment", ["before any text", "amid the text", "before the sound", "amid it"])
    @tries_again
    async def test_closing_is_quick_at_any_moment_and_ends_the_audio(
        self, open_speaking: OpenSpeaking, moment: str, by_length: Any
    ) -> None:
        faults = [SlowVoice(seconds=5.0), MuteText()] if moment == "before the sound" else []
        speaking = await open_speaking(by_length(faults=faults))
        stream = speaking.tts.stream(conn_options=APIConnectOptions(max_retry=0, timeout=20))
        if moment != "before any text":
            stream.push_text(speaking.text)
        if moment in ("before the sound", "amid it"):
            stream.end_input()
        if moment == "amid it":
            await within(stream.__anext__())
        with takes_less_than(1.5):
            await within(stream.aclose())
        stream.push_text("And more.")
        left = await within(collect(stream))
        assert not any(audio.is_final for audio in left)
        await within(stream.aclose())
        assert speaking.told.errors == []

    async def test_the_next_stream_is_not_disturbed(self, open_speaking: OpenSpeaking) -> None:
        speaking = await open_speaking()
        async with speaking.tts.stream() as stream:
            stream.push_text(speaking.text)
        assert same(await speaking.stream(speaking.text), speaking)

    async def test_closing_the_tts_ends_its_streams_and_can_be_repeated(
        self, open_speaking: OpenSpeaking
    ) -> None:
        speaking = await open_speaking()
        async with speaking.tts:
            speaking.tts.prewarm()
            await speaking.stream(speaking.text)
        await within(speaking.tts.aclose())
