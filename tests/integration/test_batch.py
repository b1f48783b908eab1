"""Recordings, translated as a whole."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.lengths import behaviour, utterance
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions
from livekit.agents.stt import SpeechEventType


class TestBatch:
    async def test_a_recording_is_translated_as_a_whole(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(behaviour())
        pcm = b"".join(utterance(number) for number in (1, 2, 3))
        event = await asyncio.wait_for(pair.stt.recognize(audio.frames(pcm)), 20)
        (data,) = event.alternatives
        assert event.type is SpeechEventType.FINAL_TRANSCRIPT
        assert data.text == "phrase 1 phrase 2 phrase 3"
        assert data.source_texts == ["sentence 1", "sentence 2", "sentence 3"]
        assert data.target_texts == ["phrase 1", "phrase 2", "phrase 3"]
        assert pair.emulator.spoken == []

    @pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (48000, 1), (24000, 2)])
    async def test_any_rate_and_one_frame_will_do(
        self, open_pair: Any, audio: Any, rate: int, channels: int
    ) -> None:
        pair = await open_pair(behaviour())
        mono = audio.silence(0.3, rate) + audio.burst(0.3, rate) + audio.silence(0.5, rate)
        pcm = b"".join(mono[at : at + 2] * channels for at in range(0, len(mono), 2))
        frame = rtc.AudioFrame(pcm, rate, channels, len(mono) // 2)
        event = await asyncio.wait_for(pair.stt.recognize(frame), 20)
        assert event.alternatives[0].text == "phrase 1"

    async def test_silence_is_an_empty_text(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(behaviour())
        event = await asyncio.wait_for(pair.stt.recognize(audio.frames(audio.silence(1.0))), 20)
        assert event.alternatives[0].text == ""

    async def test_its_texts_are_no_translations_that_a_voice_waits_for(
        self, open_pair: Any, audio: Any
    ) -> None:
        pair = await open_pair(behaviour())
        event = await asyncio.wait_for(pair.stt.recognize(audio.frames(utterance(1))), 20)
        assert pair.stt.next_translation(event.alternatives[0].text) is None

    async def test_a_service_that_is_away_is_an_error(self, open_pair: Any, audio: Any) -> None:
        pair = await open_pair(behaviour())
        await pair.emulator.aclose()
        options = APIConnectOptions(max_retry=1, retry_interval=0.1, timeout=0.5)
        with pytest.raises(APIConnectionError):
            await asyncio.wait_for(pair.stt.recognize(audio.frames(utterance(1)), conn_options=options), 20)
