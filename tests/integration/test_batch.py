"""Recordings, translated as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fakes.lengths import behaviour, utterance, voice
from fakes.limits import within
from fakes.room import Audio
from fakes.streams import streams_of
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, Fault, Line, Mute, Refuse

from .conftest import OpenPair


class TestBatch:
    async def test_a_recording_is_translated_as_a_whole(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(behaviour())
        pcm = b"".join(utterance(number) for number in (1, 2, 3))
        event = await within(pair.stt.recognize(audio.frames(pcm)))
        (data,) = event.alternatives
        assert event.type is SpeechEventType.FINAL_TRANSCRIPT
        assert data.text == "phrase 1 phrase 2 phrase 3"
        assert data.source_texts == ["sentence 1", "sentence 2", "sentence 3"]
        assert data.target_texts == ["phrase 1", "phrase 2", "phrase 3"]
        assert pair.emulator.spoken == []

    @pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (48000, 1), (24000, 2)])
    async def test_any_rate_and_one_frame_will_do(
        self, open_pair: OpenPair, audio: Audio, rate: int, channels: int
    ) -> None:
        pair = await open_pair(behaviour())
        mono = audio.silence(0.3, rate) + audio.burst(0.3, rate) + audio.silence(0.5, rate)
        pcm = b"".join(mono[at : at + 2] * channels for at in range(0, len(mono), 2))
        frame = rtc.AudioFrame(pcm, rate, channels, len(mono) // 2)
        event = await within(pair.stt.recognize(frame))
        assert event.alternatives[0].text == "phrase 1"

    async def test_the_stt_declares_that_it_recognizes_recordings(self, open_pair: OpenPair) -> None:
        pair = await open_pair(behaviour())
        assert pair.stt.capabilities.offline_recognize

    async def test_a_recording_longer_than_a_minute_is_translated_to_its_end(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        numbers = range(1, 8)
        pcm = b"".join(utterance(number) + audio.silence(7.7) for number in numbers)
        assert len(pcm) / 32000 > 62
        pair = await open_pair(behaviour())
        event = await within(pair.stt.recognize(audio.frames(pcm)), 30)
        (data,) = event.alternatives
        assert data.text == " ".join(f"phrase {number}" for number in numbers)
        assert data.end_time == pytest.approx(len(pcm) / 32000 - 8.2, abs=0.2)
        assert pair.stt.counts.speech_forgotten_seconds == 0

    async def test_each_utterance_has_its_language_and_all_targets(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        lines = [
            Line("Hello.", "en-US", translations={"fr": "Bonjour.", "de": "Hallo."}),
            Line("Gracias.", "es-ES", translations={"fr": "Merci.", "de": "Danke."}),
        ]
        pair = await open_pair(Behaviour(script=lines, silence_ms=200), target_languages=["fr", "de"])
        event = await within(pair.stt.recognize(audio.frames(utterance(1) + utterance(2))))
        (data,) = event.alternatives
        assert (data.text, str(data.language)) == ("Bonjour. Merci.", "fr")
        assert (data.source_languages, data.source_texts) == (["en-US", "es-ES"], ["Hello.", "Gracias."])
        assert data.target_languages == ["fr", "de", "fr", "de"]
        assert data.target_texts == ["Bonjour.", "Hallo.", "Merci.", "Danke."]

    async def test_a_language_of_its_own_is_asked_for(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(behaviour())
        await within(pair.stt.recognize(audio.frames(utterance(1)), language="es-ES"))
        assert pair.asked[-1]["phraseDetection"]["language"] == "es-ES"

    async def test_no_frames_are_an_empty_text(self, open_pair: OpenPair) -> None:
        pair = await open_pair(behaviour())
        event = await within(pair.stt.recognize([]))
        assert event.alternatives[0].text == ""

    async def test_the_length_of_a_recording_is_counted_once(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(behaviour())
        await pair.stream.aclose()
        metrics: list[Any] = []
        pair.stt.on("metrics_collected", metrics.append)
        await within(pair.stt.recognize(audio.frames(utterance(1))))
        assert [(one.streamed, one.audio_duration) for one in metrics] == [(False, pytest.approx(1.1))]

    async def test_several_at_once_and_a_stream_do_not_disturb_each_other(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        pair = await open_pair(behaviour())
        recordings = [pair.stt.recognize(audio.frames(utterance(number))) for number in (2, 3, 4)]
        voices, *events = await within(asyncio.gather(pair.interpret(utterance(1)), *recordings))
        texts = [event.alternatives[0].text for event in events]
        assert texts == ["phrase 2", "phrase 3", "phrase 4"]
        assert audio.same(voices[0], voice(1, "fr"))
        assert (pair.lost, pair.errors) == ([], [])

    async def test_silence_is_an_empty_text(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(behaviour())
        event = await within(pair.stt.recognize(audio.frames(audio.silence(1.0))))
        assert event.alternatives[0].text == ""

    async def test_no_voice_is_awaited_for_the_texts_of_a_recording(
        self, open_pair: OpenPair, audio: Audio
    ) -> None:
        pair = await open_pair(behaviour())
        event = await within(pair.stt.recognize(audio.frames(utterance(1))))
        assert pair.stt.next_translation(event.alternatives[0].text) is None

    @pytest.mark.parametrize(
        "fault",
        [Refuse(503, times=5), Drop(0.5, code=4000), Drop(0.5)],
        ids=["busy", "closed for good", "dropped"],
    )
    async def test_a_fault_is_tried_again_with_the_whole_recording(
        self, open_pair: OpenPair, audio: Audio, fault: Fault
    ) -> None:
        pair = await open_pair(behaviour(faults=[fault]))
        await pair.stream.aclose()
        pcm = utterance(1) + utterance(2)
        options = APIConnectOptions(max_retry=2, retry_interval=0.1, timeout=2.0)
        event = await within(pair.stt.recognize(audio.frames(pcm), conn_options=options))
        assert event.alternatives[0].text == "phrase 1 phrase 2"
        assert all(error.recoverable for error in pair.errors)

    async def test_a_wrong_key_is_one_clear_error(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(behaviour(key="right"), speech_key="wrong")
        await pair.stream.aclose()
        with pytest.raises(APIStatusError, match="AZURE_SPEECH_KEY"):
            await within(pair.stt.recognize(audio.frames(utterance(1))))
        (error,) = pair.errors
        assert (error.recoverable, pair.emulator.connections) == (False, 0)

    async def test_a_service_that_is_away_is_an_error(self, open_pair: OpenPair, audio: Audio) -> None:
        pair = await open_pair(behaviour())
        await pair.stream.aclose()
        await pair.emulator.aclose()
        options = APIConnectOptions(max_retry=1, retry_interval=0.1, timeout=0.5)
        with pytest.raises(APIConnectionError):
            await within(pair.stt.recognize(audio.frames(utterance(1)), conn_options=options))
        assert [error.recoverable for error in pair.errors] == [True, False]

    async def test_one_that_is_cancelled_leaves_nothing_behind(
        self, open_pair: OpenPair, audio: Audio, until: Callable[..., Any]
    ) -> None:
        pair = await open_pair(behaviour(faults=[Mute(0.1)]))
        await pair.stream.aclose()
        recognizing = asyncio.create_task(pair.stt.recognize(audio.frames(utterance(1))))
        await until(lambda: pair.emulator.connections)
        recognizing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await within(recognizing, 3)
        assert not streams_of(pair.stt).unclaimed
