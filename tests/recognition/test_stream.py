from __future__ import annotations

import asyncio
import itertools
import json
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

import pytest
from fakes.azure import heard, hearing, phrase, untranslated, voice
from fakes.clock import VirtualLoop, run
from fakes.limits import LIMIT_SECONDS, within
from fakes.recognizer import FakeRecognizer, FakeService
from fakes.room import Audio
from fakes.streams import streams_of, translations_of
from fakes.tts import tone
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, APITimeoutError
from livekit.agents import stt as livekit_stt
from livekit.agents.stt import SpeechEventType
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter import (
    STT,
    TTS,
    UtteranceRecognized,
    VoiceLost,
    VoicesSeparated,
)
from livekit_plugins_azure_interpreter._recognition import stream as stream_module
from livekit_plugins_azure_interpreter._recognition.stream_audio import StreamAudio
from livekit_plugins_azure_interpreter._recognition.stream_factory import StreamFactory
from livekit_plugins_azure_interpreter._sdk import connection as _connection
from livekit_plugins_azure_interpreter._sdk.events import (
    CALLBACK_FAILED,
    Connected,
    Disconnected,
    Event,
    Failed,
    Finished,
    NothingRecognized,
    Recognized,
    ResultUnread,
    SpeechStarted,
    SpeechStopped,
    TurnStarted,
    VoiceAnnounced,
    VoiceChunk,
    VoiceCompleted,
)
from livekit_plugins_azure_interpreter._voices.utterance import LostReason, State, Utterance

Until = Callable[[Callable[[], object]], Awaitable[None]]
Make = Callable[..., Any]

FINAL = SpeechEventType.FINAL_TRANSCRIPT
START, INTERIM, END = "start_of_speech", "interim_transcript", "end_of_speech"
ONE_UTTERANCE = [START, INTERIM, FINAL.value, END]


def frame(seconds: float, rate: int = 16000, channels: int = 1) -> rtc.AudioFrame:
    count = round(seconds * rate)
    return rtc.AudioFrame(b"\x10\x00" * channels * count, rate, channels, count)


def speech(seconds: float) -> rtc.AudioFrame:
    pcm = tone(440, seconds)
    return rtc.AudioFrame(pcm, 16000, 1, len(pcm) // 2)


def silent(seconds: float) -> rtc.AudioFrame:
    count = round(seconds * 16000)
    return rtc.AudioFrame(bytes(2 * count), 16000, 1, count)


def said_in(language: str, translation: str) -> Event:
    return Recognized(phrase("what was said", {language: translation}))


def pcm_of(utterance: Utterance) -> bytes:
    return b"".join(samples.pcm for samples in utterance.samples)


async def speech_of(make_stt: Make, listen: Make, service: FakeService, *events: Event) -> list[str]:
    """The kinds of events of a stream in which Azure reports these."""
    service.replies = [[Connected(), *events]]
    listener = listen(make_stt())
    listener.stream.end_input()
    await listener.ended()
    return list(listener.speech)


class TestOrder:
    async def test_start_interim_final_end(self, make_stt: Make, listen: Make, service: FakeService) -> None:
        events: list[Event] = [SpeechStarted(1.0), hearing("Ou"), heard("Oui."), SpeechStopped(1.5)]
        assert await speech_of(make_stt, listen, service, *events) == ONE_UTTERANCE

    async def test_the_end_that_azure_hears_before_the_final_is_not_the_end(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        events: list[Event] = [SpeechStarted(1.0), hearing("Ou"), SpeechStopped(1.5), heard("Oui.")]
        assert await speech_of(make_stt, listen, service, *events) == ONE_UTTERANCE

    async def test_an_end_once_per_turn_is_one_end_per_utterance(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        results = [event for at in (1.0, 3.0, 5.0) for event in (hearing("Ou"), heard("Oui.", offset=at))]
        events: list[Event] = [SpeechStarted(1.0), *results, SpeechStopped(9.0)]
        assert await speech_of(make_stt, listen, service, *events) == ONE_UTTERANCE * 3

    async def test_a_result_that_comes_twice_is_one_utterance(
        self, make_stt: Make, listen: Make, service: FakeService, caplog: pytest.LogCaptureFixture
    ) -> None:
        events: list[Event] = [SpeechStarted(1.0), hearing("Ou"), heard("Oui."), heard("Oui.")]
        assert await speech_of(make_stt, listen, service, *events) == ONE_UTTERANCE
        assert "a result twice" in caplog.text

    async def test_an_interim_after_the_end_starts_anew(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        events: list[Event] = [SpeechStarted(1.0), SpeechStopped(1.2), hearing("Ou"), heard("Oui.")]
        assert await speech_of(make_stt, listen, service, *events) == [START, END, *ONE_UTTERANCE]

    async def test_a_final_alone_starts_and_ends(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        assert await speech_of(make_stt, listen, service, heard("Oui.")) == [START, FINAL.value, END]

    @pytest.mark.parametrize("nothing", [NothingRecognized(), Recognized(phrase("", {}))])
    async def test_a_noise_without_words_ends_the_speech(
        self, make_stt: Make, listen: Make, service: FakeService, nothing: Event
    ) -> None:
        assert await speech_of(make_stt, listen, service, SpeechStarted(1.0), nothing) == [START, END]

    async def test_speech_under_way_ends_with_the_stream(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        assert await speech_of(make_stt, listen, service, hearing("Ou")) == [START, INTERIM, END]


class TestTranscripts:
    async def _final(self, make_stt: Make, listen: Make, service: FakeService, event: Event) -> Any:
        service.replies = [[Connected(), event]]
        listener = listen(make_stt(target_languages=["fr", "de"]))
        listener.stream.start_time_offset = 100.0
        listener.stream.end_input()
        await listener.ended()
        (final,) = listener.finals
        return final

    async def test_a_transcript_has_the_target_the_source_and_all_targets(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        event = Recognized(phrase("Yes.", {"de": "Ja.", "fr": "Oui."}, offset=1.0, duration=0.5))
        final = await self._final(make_stt, listen, service, event)
        assert (final.language, final.text) == ("fr", "Oui.")
        assert final.source_languages == ["en-US"]
        assert final.source_texts == ["Yes."]
        assert final.target_languages == ["fr", "de"]
        assert final.target_texts == ["Oui.", "Ja."]
        assert final.metadata == {"translated": True, "id": final.text.utterance.id}

    async def test_the_times_of_a_transcript_are_on_the_clock_of_the_stream(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        event = Recognized(phrase(offset=1.0, duration=0.5))
        final = await self._final(make_stt, listen, service, event)
        assert final.start_time == pytest.approx(101.0, abs=0.5)
        assert final.end_time - final.start_time == pytest.approx(0.5)

    async def test_speech_that_is_not_translated_is_final_in_its_own_language(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        final = await self._final(make_stt, listen, service, untranslated("Yes."))
        assert (final.language, final.text) == ("en-US", "Yes.")
        assert final.target_texts == []
        assert final.metadata == {"translated": False}

    @pytest.mark.parametrize("translations", [{}, {"fr": ""}, {"fr": " \n"}, {"fr": "", "de": ""}])
    @pytest.mark.parametrize("text", ["", " \u3000"])
    async def test_a_final_without_words_is_no_utterance(
        self, make_stt: Make, listen: Make, service: FakeService, text: str, translations: dict[str, str]
    ) -> None:
        told: list[UtteranceRecognized] = []
        interpreter = make_stt()
        interpreter.on("utterance_recognized", told.append)
        service.replies = [[Connected(), SpeechStarted(0.1), Recognized(phrase(text, translations))]]
        listener = listen(interpreter)
        listener.stream.end_input()
        await listener.ended()
        assert listener.speech == ["start_of_speech", "end_of_speech"]
        assert (told, interpreter.counts.utterances) == ([], 0)

    async def test_the_reason_for_a_missing_translation_is_in_the_final_and_once_in_the_log(
        self, make_stt: Make, listen: Make, service: FakeService, caplog: pytest.LogCaptureFixture
    ) -> None:
        told: list[UtteranceRecognized] = []
        interpreter = make_stt()
        interpreter.on("utterance_recognized", told.append)
        why = "no model at wss://host/?key=SECRET"
        failed = [Recognized(phrase("Hm.", {}, offset=at, failure_reason=why)) for at in (1.0, 3.0)]
        service.replies = [[Connected(), *failed]]
        listener = listen(interpreter)
        listener.stream.end_input()
        await listener.ended()
        reason = "no model at ..."
        assert [one.transcript.failure_reason for one in told] == [reason] * 2
        assert [final.metadata for final in listener.finals] == [
            {"translated": False, "failure_reason": reason}
        ] * 2
        assert caplog.text.count(reason) == 1

    async def test_the_final_tells_when_it_was_said_by_the_clock_on_the_wall(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        told: list[UtteranceRecognized] = []
        interpreter = make_stt()
        interpreter.on("utterance_recognized", told.append)
        began_at = time.time()
        listener = listen(interpreter)
        await until(lambda: service.recognizers and service.last.started)
        for frame in Audio().frames(Audio().silence(3.0)):
            listener.stream.push_frame(frame)
        service.last.post(Connected(), heard("Oui."))
        listener.stream.end_input()
        await listener.ended()
        (one,) = told
        # A frame has been said when it is pushed.
        assert began_at - 0.1 <= one.started_at <= one.ended_at <= time.time() + 0.1

    async def test_the_final_is_told_to_listeners_of_the_stt(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        told: list[UtteranceRecognized] = []
        interpreter = make_stt()
        interpreter.on("utterance_recognized", told.append)
        service.replies = [[Connected(), heard("Oui."), untranslated("Hm.")]]
        listener = listen(interpreter)
        listener.stream.end_input()
        await listener.ended()
        assert [(one.transcript.text, one.transcript.translated) for one in told] == [
            ("Oui.", True),
            ("Hm.", False),
        ]
        assert told[0].id != told[1].id


class TestAudio:
    async def _written(self, make_stt: Make, listen: Make, service: FakeService, *frames: Any) -> bytes:
        listener = listen(make_stt())
        for one in frames:
            listener.stream.push_frame(one)
        listener.stream.end_input()
        await listener.ended()
        return bytes(service.last.written)

    async def test_audio_that_fits_passes_unchanged(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        pcm = tone(440, 0.02)
        written = await self._written(make_stt, listen, service, rtc.AudioFrame(pcm, 16000, 1, len(pcm) // 2))
        assert written == pcm

    async def test_the_sdk_is_given_whole_messages_and_at_the_end_the_rest(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        await self._written(make_stt, listen, service, *[frame(0.02) for _ in range(5)])
        assert service.last.writes == [1280, 1280, 640]

    async def test_messages_begin_where_the_sdk_begins_them_also_when_audio_is_sent_again(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stream = listen(make_stt()).stream

        def push(count: int) -> None:
            for _ in range(count):
                stream.push_frame(frame(0.02))

        push(3)
        stream.flush()  # half of a message is written
        push(3)
        await until(lambda: service.recognizers and len(service.last.written) == 3840)
        service.last.post(Failed("ConnectionFailure", ""))
        await until(lambda: len(service.recognizers) == 2 and len(service.last.written) == 3840)
        push(3)
        await until(lambda: len(service.last.written) == 5120)
        first, second = service.recognizers
        assert first.writes == [1280, 640, 640, 1280]
        assert second.writes == [1280, 640, 640, 1280, 1280]

    @pytest.mark.parametrize(("rate", "channels"), [(48000, 2), (48000, 1), (16000, 2), (8000, 1)])
    async def test_the_length_of_the_audio_is_kept(
        self, make_stt: Make, listen: Make, service: FakeService, rate: int, channels: int
    ) -> None:
        frames = [frame(0.02, rate, channels) for _ in range(50)]
        written = await self._written(make_stt, listen, service, *frames)
        assert len(written) / 32000 == pytest.approx(1.0, abs=0.01)

    async def test_rate_and_channels_may_change_at_any_time(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        kinds = [(48000, 1), (16000, 2), (8000, 1), (44100, 2), (48000, 1)]
        frames = [frame(0.01, rate, channels) for rate, channels in kinds for _ in range(20)]
        written = await self._written(make_stt, listen, service, *frames)
        assert len(written) / 32000 == pytest.approx(1.0, abs=0.01)

    async def test_stereo_is_mixed_down(self, make_stt: Make, listen: Make, service: FakeService) -> None:
        stereo = rtc.AudioFrame(struct.pack("<4h", 100, 300, -200, 400), 16000, 2, 2)
        assert await self._written(make_stt, listen, service, stereo) == struct.pack("<2h", 200, 100)

    async def test_the_options_reach_the_recognizer(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listen(make_stt(sample_rate=24000, source_languages=["en-US", "es-ES"]), language="de-DE")
        await until(lambda: service.recognizers)
        assert service.last.options.sample_rate == 24000
        assert service.last.options.source_languages == ("de-DE",)


class TestPlace:
    async def test_a_stream_is_placed_where_its_owner_says(self, make_stt: Make) -> None:
        stream = make_stt().stream()
        stream.start_time_offset = 100.0
        assert stream.start_time_offset == 100.0
        await within(stream.aclose())


class TestReplacement:
    """A stream that continues with the audio of one that has failed."""

    async def _failed(self, stt: STT, listen: Make, service: FakeService) -> StreamAudio:
        """The audio of a stream that was pushed two frames and could not be opened."""
        service.refuses = RuntimeError("invalid argument")
        failed = listen(stt)
        opened = streams_of(stt).open[failed.stream]
        failed.stream.push_frame(frame(0.5))
        failed.stream.push_frame(frame(0.25))
        with pytest.raises(RuntimeError):
            await failed.ended()
        service.refuses = None
        return opened.audio

    async def test_frames_that_a_failed_stream_did_not_take_are_heard_by_its_replacement(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stt = make_stt()
        audio = await self._failed(stt, listen, service)
        async with StreamFactory.of(stt).open(APIConnectOptions(max_retry=0), audio=audio):
            await until(lambda: service.recognizers and len(service.last.written) == 24000)

    async def test_options_that_changed_since_a_failure_are_those_of_later_audio(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stt = make_stt()
        audio = await self._failed(stt, listen, service)
        stt.update_options(target_languages="de")
        async with StreamFactory.of(stt).open(APIConnectOptions(max_retry=0), audio=audio) as stream:
            stream.push_frame(frame(0.25))
            await until(lambda: len(service.recognizers) == 2 and service.last.written)
        heard_by = [(one.options.target_languages, len(one.written)) for one in service.recognizers]
        assert heard_by == [(("fr",), 24000), (("de",), 8000)]


class TestUsage:
    def _seconds(self, listener: Any) -> list[float]:
        usage = listener.of(SpeechEventType.RECOGNITION_USAGE)
        return [event.recognition_usage.audio_duration for event in usage]

    async def test_usage_comes_every_five_seconds_at_a_flush_and_at_the_end(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        listener = listen(make_stt())
        for _ in range(12):
            listener.stream.push_frame(frame(0.5))
        listener.stream.flush()
        listener.stream.flush()
        listener.stream.push_frame(frame(0.25))
        listener.stream.end_input()
        await listener.ended()
        assert self._seconds(listener) == pytest.approx([5.0, 1.0, 0.25])

    async def test_usage_sums_to_the_audio_also_when_that_is_resampled(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        listener = listen(make_stt())
        for _ in range(61):
            listener.stream.push_frame(frame(0.1, 48000, 2))
        listener.stream.end_input()
        await listener.ended()
        assert sum(self._seconds(listener)) == pytest.approx(len(service.last.written) / 32000)
        assert sum(self._seconds(listener)) == pytest.approx(6.1, abs=0.02)

    async def test_no_audio_has_no_usage(self, make_stt: Make, listen: Make) -> None:
        listener = listen(make_stt())
        listener.stream.end_input()
        await listener.ended()
        assert self._seconds(listener) == []


REFUSED = Failed(
    "BadRequest",
    "Connection was closed by the remote host. Error code: 1007. Error details: Unsupported audio format",
)


class TestErrors:
    async def test_a_wrong_key_is_one_attempt_and_one_error(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Failed("AuthenticationFailure", "401: the key secret-key is wrong")]]
        listener = listen(make_stt())
        with pytest.raises(APIStatusError, match="AZURE_SPEECH_KEY") as raised:
            await listener.ended()
        assert raised.value.status_code == 401
        assert "secret-key" not in str(raised.value)
        assert len(service.recognizers) == 1
        (error,) = listener.errors
        assert not error.recoverable

    async def test_an_event_that_cannot_be_read_is_an_error_and_its_audio_is_sent_again(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        unread = Failed(CALLBACK_FAILED, "UnicodeDecodeError")
        service.replies = [[Connected(), unread], [Connected(), heard("Oui.")]]
        listener = listen(make_stt())
        listener.stream.push_frame(frame(1.0))
        listener.stream.end_input()
        await listener.ended()
        assert [final.text for final in listener.finals] == ["Oui."]
        (error,) = listener.errors
        assert "UnicodeDecodeError" in str(error.error)
        assert service.last.written

    async def test_a_refusal_before_the_first_answer_is_final(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Connected(), REFUSED]]
        listener = listen(make_stt())
        with pytest.raises(APIStatusError, match="Unsupported audio format"):
            await listener.ended()
        assert len(service.recognizers) == 1

    async def test_a_refusal_after_an_answer_is_tried_again_once_until_there_is_a_result(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        answered = SpeechStarted(0.1)
        service.replies = [
            [Connected(), answered, REFUSED],
            [Connected(), answered, heard("Oui."), REFUSED],
            [Connected(), answered, REFUSED],
            [Connected()],
        ]
        listener = listen(make_stt())
        with pytest.raises(APIStatusError):
            await listener.ended()
        assert len(service.recognizers) == 3

    async def test_a_clock_that_is_set_back_costs_a_new_recognizer_but_no_attempt(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, mocker: MockerFixture
    ) -> None:
        listener = listen(make_stt(), conn_options=APIConnectOptions(max_retry=0, timeout=4))
        listener.stream.push_frame(frame(1.0))
        await until(lambda: service.recognizers and service.last.written)
        now = time.time()
        mocker.patch("livekit_plugins_azure_interpreter._recognition.stream.time.time", return_value=now - 60)
        listener.stream.push_frame(frame(1.0))
        await until(lambda: len(service.recognizers) == 2 and len(service.last.written) == 64000)
        mocker.stopall()
        service.last.post(heard("Oui."))
        listener.stream.end_input()
        await listener.ended()
        assert [final.text for final in listener.finals] == ["Oui."]
        assert (listener.errors, service.recognizers[0].closed) == ([], True)

    async def test_a_lost_connection_is_retried_with_a_new_recognizer(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Failed("ConnectionFailure", "")], [Connected(), heard("Oui.")]]
        listener = listen(make_stt())
        listener.stream.end_input()
        await listener.ended()
        first, second = service.recognizers
        assert first.closed
        assert first is not second
        assert [final.text for final in listener.finals] == ["Oui."]
        (error,) = listener.errors
        assert error.recoverable

    async def test_retries_end(self, make_stt: Make, listen: Make, service: FakeService) -> None:
        service.replies = [[Failed("ServiceUnavailable", "")]]
        options = APIConnectOptions(max_retry=2, retry_interval=0.01, timeout=4)
        listener = listen(make_stt(), conn_options=options)
        with pytest.raises(APIConnectionError):
            await listener.ended()
        assert len(service.recognizers) == 3
        assert [error.recoverable for error in listener.errors] == [True, True, False]

    async def test_unread_audio_is_heard_by_the_next_attempt(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.replies = [[Failed("ConnectionFailure", "")], [Connected()]]
        listener = listen(make_stt())
        await until(lambda: len(service.recognizers) == 2 and service.last.started)
        listener.stream.push_frame(frame(0.1))
        listener.stream.end_input()
        await listener.ended()
        assert len(service.last.written) == 3200

    async def test_audio_without_a_final_is_sent_first_by_the_next_attempt(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        event = Recognized(phrase(offset=1.0, duration=0.5))
        listener = listen(make_stt())
        listener.stream.push_frame(frame(2.0))
        await until(lambda: service.recognizers and len(service.last.written) == 64000)
        first = service.last
        first.post(event)
        await listener.has(FINAL)
        first.post(Failed("ConnectionFailure", ""))
        await until(lambda: len(service.recognizers) == 2 and service.last.written)
        assert service.last.written == first.written[48000:]

    async def test_times_of_a_later_attempt_go_on_where_its_audio_begins(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        event = Recognized(phrase(offset=1.0, duration=0.5))
        service.replies = [[Connected()], [Connected(), Recognized(phrase(offset=0.2, duration=0.1))]]
        listener = listen(make_stt())
        listener.stream.push_frame(frame(2.0))
        await until(lambda: service.recognizers and len(service.last.written) == 64000)
        service.last.post(event, Failed("ConnectionFailure", ""))
        await listener.has(FINAL, 2)
        times = [(final.start_time, final.end_time) for final in listener.finals]
        assert times == [pytest.approx((1.0, 1.5)), pytest.approx((1.7, 1.8))]

    async def test_no_time_of_a_stream_has_a_part_of_the_wall_clock(
        self, make_stt: Make, listen: Make, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # LiveKit adds to the offset what passes between two looks at the clock, at the first attempt as well.
        looks = itertools.count(1000.0)
        clock = SimpleNamespace(time=lambda: next(looks), perf_counter=time.perf_counter)
        monkeypatch.setattr("livekit.agents.stt.stt.time", clock)
        service.replies = [[Connected(), Recognized(phrase(offset=1.0, duration=0.5))]]
        listener = listen(make_stt())
        listener.stream.end_input()
        await listener.ended()
        assert [(final.start_time, final.end_time) for final in listener.finals] == [(1.0, 1.5)]

    async def test_a_connect_timeout_is_an_error_that_names_it(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[]]
        options = APIConnectOptions(max_retry=0, retry_interval=0.01, timeout=0.1)
        with pytest.raises(APITimeoutError, match="could not be reached"):
            await listen(make_stt(), conn_options=options).ended()

    async def test_a_connect_timeout_leaves_time_for_closing(
        self, make_stt: Make, listen: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # LiveKit starts its count of retries anew after an attempt that outlived the timeout.
        limits: list[float] = []

        class Recorded(_connection.Connection):
            def __init__(self, *arguments: Any, connect_seconds: float, **more: Any) -> None:
                limits.append(connect_seconds)
                super().__init__(*arguments, connect_seconds=connect_seconds, **more)

        monkeypatch.setattr(stream_module, "Connection", Recorded)
        listener = listen(make_stt(), conn_options=APIConnectOptions(timeout=10))
        listener.stream.end_input()
        await listener.ended()
        assert limits == [pytest.approx(9.0)]

    async def test_a_service_that_is_silent_after_the_audio_is_an_error(
        self, make_stt: Make, listen: Make, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_connection, "_DRAIN_SECONDS", 0.05)
        service.finishes = False
        listener = listen(make_stt(), conn_options=APIConnectOptions(max_retry=0, timeout=4))
        listener.stream.end_input()
        with pytest.raises(APITimeoutError, match="did not answer after the end of the audio"):
            await listener.ended()

    async def test_options_that_the_sdk_refuses_are_one_attempt(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.refuses = RuntimeError("invalid argument")
        listener = listen(make_stt())
        with pytest.raises(RuntimeError, match="invalid argument"):
            await listener.ended()
        (error,) = listener.errors
        assert not error.recoverable
        assert service.entered == ["make"]

    async def test_speech_under_way_ends_before_the_next_attempt(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [
            [Connected(), hearing("Ou"), Failed("ConnectionFailure", "")],
            [Connected(), heard("Oui.")],
        ]
        listener = listen(make_stt())
        listener.stream.end_input()
        await listener.ended()
        assert listener.speech == [START, INTERIM, END, START, FINAL.value, END]


class TestChanges:
    """Other options, from the next utterance on; nothing but silence was heard before."""

    def _targets(self, service: FakeService) -> list[str]:
        return [recognizer.options.target_languages[0] for recognizer in service.recognizers]

    async def test_a_change_before_any_audio_applies_to_the_first_recognizer(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt()
        listener = listen(interpreter)
        interpreter.update_options(target_languages="de")
        listener.stream.end_input()
        await listener.ended()
        assert self._targets(service) == ["de"]

    async def test_audio_before_a_change_is_heard_by_the_earlier_recognizer(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.replies = [[Connected(), heard("Oui.")], [Connected(), said_in("de", "Ja.")]]
        interpreter = make_stt()
        listener = listen(interpreter)
        listener.stream.push_frame(frame(0.6))
        interpreter.update_options(target_languages="de")
        listener.stream.push_frame(frame(0.7))
        listener.stream.end_input()
        await listener.ended()
        assert self._targets(service) == ["fr", "de"]
        assert [len(one.written) / 32000 for one in service.recognizers] == pytest.approx([0.6, 0.7])
        assert [(final.language, final.text) for final in listener.finals] == [("fr", "Oui."), ("de", "Ja.")]

    async def test_a_language_that_is_voiced_too_early_leaves_the_next_utterance_its_voice(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        """The service takes a change at once, also for the utterance that has just ended."""
        interpreter = make_stt(spoken_languages=["fr"])
        listener = listen(interpreter)
        listener.stream.push_frame(silent(1.0))
        await until(lambda: service.recognizers and service.last.written)
        both = {"target_languages": ["fr", "de"], "spoken_languages": ["fr", "de"]}
        interpreter.update_options(**both)
        listener.stream.push_frame(silent(1.0))
        await until(lambda: len(service.last.written) == 64000)
        texts = {"fr": "un", "de": "eins"}, {"fr": "deux", "de": "zwei"}
        for number, (start, written) in enumerate(zip((0.1, 1.1), texts, strict=True), 1):
            service.last.post(Recognized(phrase("word", written, offset=start)))
            for language in ("fr", "de"):
                stream_id = f"{language} {number}"
                body = json.dumps({"TranslationLanguage": language})
                service.last.post(
                    VoiceAnnounced(stream_id, body),
                    VoiceChunk(Audio().voice(0.1 * number, number).pcm, stream_id),
                    VoiceCompleted(stream_id, told=True),
                )
        listener.stream.end_input()
        await listener.ended()
        first, second = listener.finals
        assert first.target_languages == ["fr"]
        assert second.target_languages == ["fr", "de"]
        assert [one.utterance.seconds for one in second.target_texts] == pytest.approx([0.2, 0.2])

    async def test_a_change_after_the_end_of_the_input_does_nothing(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.finishes = False
        interpreter = make_stt()
        listener = listen(interpreter)
        listener.stream.push_frame(frame(0.6))
        listener.stream.end_input()
        await until(lambda: service.recognizers and service.last.audio_ended)
        interpreter.update_options(target_languages="de")
        service.last.post(Finished())
        await listener.ended()
        assert self._targets(service) == ["fr"]

    async def test_another_attempt_has_each_part_heard_as_it_was_asked_for_then(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.finishes = False
        interpreter = make_stt()
        listener = listen(interpreter)
        for target, seconds in (("fr", 0.6), ("de", 0.7)):
            interpreter.update_options(target_languages=target)
            listener.stream.push_frame(frame(seconds))
            await until(lambda: service.recognizers and service.last.written)
        interpreter.update_options(target_languages="it")
        await until(lambda: len(service.recognizers) == 2 and service.last.started)
        listener.stream.push_frame(frame(0.8))
        await until(lambda: len(service.recognizers) == 3 and service.last.written)
        service.finishes = True
        service.recognizers[0].post(Failed("ConnectionFailure", ""))
        listener.stream.end_input()
        await listener.ended()
        assert self._targets(service) == ["fr", "de", "it"] * 2
        again = [len(one.written) / 32000 for one in service.recognizers[3:]]
        assert again == pytest.approx([0.6, 0.7, 0.8])


class TestWithdrawOwnVoice:
    """The speaker's own voice must not be asked for any more."""

    async def test_the_sdk_reconnects_without_it_and_so_does_the_next_attempt(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.finishes = False
        stt = make_stt(spoken_languages="fr")
        listener = listen(stt)
        listener.stream.push_frame(frame(0.6))
        await until(lambda: service.recognizers and service.last.written)
        instead = StreamFactory.of(make_stt(spoken_languages="fr", voice="fr-FR-DeniseNeural")).options
        StreamFactory.of(stt).streams.open[listener.stream].withdraw_own_voice(instead)
        await until(lambda: service.last.next_voices == {"fr": "fr-FR-DeniseNeural"})
        service.finishes = True
        service.last.post(Failed("ConnectionFailure", ""))
        listener.stream.end_input()
        await listener.ended()
        voices = [one.options.voices["fr"] for one in service.recognizers]
        assert voices == ["personal-voice", "fr-FR-DeniseNeural"]

    async def test_a_change_that_was_asked_for_before_does_not_bring_it_back(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stt = make_stt(spoken_languages="fr", voice="fr-FR-DeniseNeural")
        listener = listen(stt)
        listener.stream.push_frame(frame(0.6))
        await until(lambda: service.recognizers and service.last.written)
        stt.update_options(voice="personal-voice")
        instead = StreamFactory.of(make_stt(spoken_languages="fr", voice=None)).options
        StreamFactory.of(stt).streams.open[listener.stream].withdraw_own_voice(instead)
        listener.stream.push_frame(frame(0.6))
        listener.stream.end_input()
        await listener.ended()
        assert not any(one.options.copies_voice for one in service.recognizers)


class TestSpokenLanguages:
    _TWO: ClassVar[dict[str, Any]] = {
        "target_languages": ["fr", "de"],
        "spoken_languages": ["fr", "de"],
    }

    def _voices(self, service: FakeService) -> list[dict[str, str]]:
        return [recognizer.options.voices for recognizer in service.recognizers]

    async def test_languages_change_on_the_same_connection(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt(spoken_languages="fr")
        listener = listen(interpreter)
        listener.stream.push_frame(frame(0.6))
        await until(lambda: service.recognizers and service.last.written)
        interpreter.update_options(**self._TWO)
        listener.stream.push_frame(frame(0.6))
        listener.stream.end_input()
        await listener.ended()
        assert self._voices(service) == [{"fr": "personal-voice", "de": "personal-voice"}]

    async def test_another_connection_takes_languages_that_the_sdk_refuses_on_this_one(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.languages_refused = RuntimeError("not now")
        interpreter = make_stt(spoken_languages="fr")
        listener = listen(interpreter)
        listener.stream.push_frame(frame(0.6))
        await until(lambda: service.recognizers and service.last.written)
        interpreter.update_options(**self._TWO)
        listener.stream.push_frame(frame(0.6))
        await until(lambda: len(service.recognizers) > 1)
        listener.stream.end_input()
        await listener.ended()
        assert self._voices(service)[-1] == {"fr": "personal-voice", "de": "personal-voice"}
        assert sum(len(one.written) for one in service.recognizers[1:]) == 2 * round(1.2 * 16000)

    @pytest.mark.parametrize("change", [{"phrase_list": ["LiveKit"]}, {"voice": None}])
    async def test_another_change_takes_another_connection(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, change: dict[str, Any]
    ) -> None:
        interpreter = make_stt(**self._TWO)
        listener = listen(interpreter)
        listener.stream.push_frame(frame(0.6))
        await until(lambda: service.recognizers and service.last.written)
        interpreter.update_options(**change)
        listener.stream.push_frame(frame(0.6))
        listener.stream.end_input()
        await listener.ended()
        assert len(service.recognizers) == 2

    @pytest.mark.parametrize("before", [{"spoken_languages": "fr"}, {}], ids=["live", "change-over"])
    async def test_one_that_is_added_has_a_connection_of_its_own_where_messages_cannot_be_seen(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, before: dict[str, Any]
    ) -> None:
        service.sees_messages = False
        interpreter = make_stt(**before)
        listener = listen(interpreter)
        listener.stream.push_frame(frame(0.6))
        await until(lambda: service.recognizers and service.last.written)
        interpreter.update_options(**self._TWO)
        listener.stream.push_frame(frame(0.6))
        listener.stream.end_input()
        await listener.ended()
        heard_with = [one.options.voices.keys() for one in service.recognizers if one.written]
        assert {"fr", "de"} not in heard_with
        assert {"de"} in heard_with

    async def test_each_has_a_connection_of_its_own_where_messages_cannot_be_seen(
        self,
        make_stt: Make,
        listen: Make,
        service: FakeService,
        until: Until,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        service.sees_messages = False
        interpreter = make_stt(**self._TWO)
        separated: list[VoicesSeparated] = []
        interpreter.on("voices_separated", separated.append)
        for _ in range(2):
            listener = listen(interpreter)
            listener.stream.push_frame(frame(0.6))
            listener.stream.end_input()
            await listener.ended()
        # The first one was given up.
        assert sorted(map(tuple, self._voices(service)[1:])) == [("de",), ("de",), ("fr",), ("fr",)]
        assert [len(one.written) for one in service.recognizers] == [0, *4 * [2 * 9600]]
        assert len(separated) == 1
        assert caplog.text.count("Azure does not voice several languages") == 1


class TestFlush:
    """A stream that is flushed has each of its recognizers end the utterance there."""

    def commits(self, recognizer: FakeRecognizer) -> list[float]:
        """How much audio was written before each."""
        return [size / 32000 for size in recognizer.commits]

    async def test_a_flush_is_a_commit_after_the_audio_before_it(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        listener = listen(make_stt(manual_flush=True))
        for seconds in (0.6, 0.7):
            listener.stream.push_frame(frame(seconds))
            listener.stream.flush()
        listener.stream.push_frame(frame(0.8))
        listener.stream.end_input()
        await listener.ended()
        assert self.commits(service.last) == pytest.approx([0.6, 1.3])
        assert len(service.last.written) / 32000 == pytest.approx(2.1)

    async def test_a_flush_brings_what_the_resampler_holds(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listener = listen(make_stt(manual_flush=True))
        listener.stream.push_frame(frame(0.6, rate=48000))
        listener.stream.flush()
        await until(lambda: service.recognizers and service.last.commits)
        assert self.commits(service.last) == pytest.approx([0.6])

    async def test_a_flush_is_no_commit_unless_the_options_say_so(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        listener = listen(make_stt())
        listener.stream.push_frame(frame(0.6))
        listener.stream.flush()
        listener.stream.push_frame(frame(0.6))
        listener.stream.end_input()
        await listener.ended()
        assert self.commits(service.last) == []

    async def test_the_end_of_the_input_needs_no_commit(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        listener = listen(make_stt(manual_flush=True))
        listener.stream.push_frame(frame(0.6))
        listener.stream.end_input()
        await listener.ended()
        assert self.commits(service.last) == []

    async def test_another_attempt_has_the_utterances_end_at_the_same_places(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listener = listen(make_stt(manual_flush=True))
        for seconds in (0.6, 0.7):
            listener.stream.push_frame(frame(seconds))
            listener.stream.flush()
        await until(lambda: service.recognizers and len(service.last.commits) == 2)
        first = service.last
        listener.stream.push_frame(frame(0.8))
        await until(lambda: len(first.written) / 32000 > 2)
        first.post(Failed("ConnectionFailure", ""))
        await until(lambda: len(service.recognizers) == 2 and len(service.last.written) / 32000 > 2)
        assert self.commits(service.last) == pytest.approx([0.6, 1.3])

    async def test_another_attempt_repeats_a_flush_after_which_nothing_was_pushed(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listener = listen(make_stt(manual_flush=True))
        listener.stream.push_frame(frame(0.6))
        listener.stream.flush()
        await until(lambda: service.recognizers and service.last.commits)
        service.last.post(Failed("ConnectionFailure", ""))
        await until(lambda: len(service.recognizers) == 2 and service.last.commits)
        assert self.commits(service.last) == pytest.approx([0.6])

    async def test_another_attempt_does_not_repeat_a_flush_whose_utterance_is_final(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listener = listen(make_stt(manual_flush=True))
        listener.stream.push_frame(frame(0.6))
        listener.stream.flush()
        await until(lambda: service.recognizers and service.last.commits)
        first = service.last
        first.post(Recognized(phrase(offset=0.0, duration=0.6)))
        await listener.has(FINAL)
        first.post(Failed("ConnectionFailure", ""))
        await until(lambda: len(service.recognizers) == 2 and service.last.started)
        listener.stream.push_frame(frame(0.7))
        listener.stream.end_input()
        await listener.ended()
        assert (self.commits(service.last), len(service.last.written) / 32000) == ([], pytest.approx(0.7))

    async def test_a_flush_before_a_change_of_the_options_is_of_the_recognizer_before_it(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        interpreter = make_stt(manual_flush=True)
        listener = listen(interpreter)
        listener.stream.push_frame(frame(0.6))
        listener.stream.flush()
        interpreter.update_options(target_languages="de")
        listener.stream.push_frame(frame(0.7))
        listener.stream.end_input()
        await listener.ended()
        assert [self.commits(one) for one in service.recognizers] == [[pytest.approx(0.6)], []]

    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream_module, "_FLUSH_ANSWER_SECONDS", 0.05)

    @pytest.mark.usefixtures("impatient")
    async def test_a_flush_without_an_answer_or_more_audio_is_silence(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listener = listen(make_stt(manual_flush=True))
        said = speech(0.6)
        listener.stream.push_frame(said)
        listener.stream.flush()
        await until(lambda: service.recognizers and len(service.last.written) > len(said.data) * 2)
        assert service.last.written == bytes(said.data) + bytes(64000)
        service.last.post(Failed("ConnectionFailure", ""))
        await until(lambda: len(service.recognizers) == 2 and service.last.commits)
        assert service.last.written == service.recognizers[0].written

    @pytest.mark.usefixtures("impatient")
    async def test_another_attempt_needs_no_silence_after_a_flush_that_more_audio_followed(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listener = listen(make_stt(manual_flush=True))
        listener.stream.push_frame(speech(0.6))
        listener.stream.flush()
        listener.stream.push_frame(speech(0.6))
        await until(lambda: service.recognizers and len(service.last.written) / 32000 > 1.1)
        service.last.post(Failed("ConnectionFailure", ""))
        await until(lambda: len(service.recognizers) == 2 and len(service.last.written) / 32000 > 1.1)
        await asyncio.sleep(0.1)
        assert [len(one.written) / 32000 for one in service.recognizers] == pytest.approx([1.2, 1.2])
        assert self.commits(service.last) == pytest.approx([0.6])

    @pytest.mark.usefixtures("impatient")
    @pytest.mark.parametrize("what", ["an answer", "more audio", "the end", "silence", "no option"])
    async def test_a_flush_is_no_silence_if_something_else_ends_the_utterance(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, what: str
    ) -> None:
        listener = listen(make_stt(manual_flush=what != "no option"))
        listener.stream.push_frame(silent(0.6) if what == "silence" else speech(0.6))
        listener.stream.flush()
        await until(lambda: service.recognizers and service.last.written)
        if what == "an answer":
            # What follows the words may be noise, which may be speech.
            service.last.post(Recognized(phrase(offset=0.0, duration=0.4)))
            await listener.has(FINAL)
        elif what == "more audio":
            listener.stream.push_frame(speech(0.6))
        elif what == "the end":
            service.finishes = False
            listener.stream.end_input()
        await asyncio.sleep(0.1)
        assert len(service.last.written) / 32000 < 1.5

    async def test_a_refusal_names_the_option(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Connected(), REFUSED]]
        listener = listen(make_stt(manual_flush=True))
        with pytest.raises(APIStatusError, match="manual_flush"):
            await listener.ended()


class TestBlockedLoop:
    async def test_a_voice_that_came_in_time_is_not_lost(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt(voice_timeout_seconds=0.2)
        listener = listen(interpreter)
        await until(lambda: service.recognizers and service.last.started)
        service.last.post(heard("Oui."))
        await listener.has(FINAL)
        service.last.post(*voice(tone(440, 0.3)))
        time.sleep(0.4)  # noqa: ASYNC251 - what blocks the loop
        listener.stream.end_input()
        await listener.ended()
        (utterance,) = translations_of(interpreter).claim("Oui.")
        assert utterance.state is State.VOICED


class TestStaleEvents:
    async def test_events_of_an_earlier_attempt_are_ignored(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.replies = [[Failed("ConnectionFailure", "")], [Connected()]]
        interpreter = make_stt()
        listener = listen(interpreter)
        await until(lambda: len(service.recognizers) == 2)
        first, second = service.recognizers
        first.post(heard("stale"), *voice(tone(440, 0.1)), Failed("AuthenticationFailure", ""), Finished())
        await until(lambda: first.idle and second.started)
        second.post(heard("fresh"), *voice(tone(880, 0.1)))
        listener.stream.end_input()
        await listener.ended()
        assert [final.text for final in listener.finals] == ["fresh"]
        (claimed,) = translations_of(interpreter).claim("fresh")
        assert b"".join(samples.pcm for samples in claimed.samples) == tone(880, 0.1)

    async def test_events_after_closing_are_ignored(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        told: list[UtteranceRecognized] = []
        interpreter = make_stt()
        interpreter.on("utterance_recognized", told.append)
        listener = listen(interpreter)
        await until(lambda: service.recognizers and service.last.started)
        await listener.stream.aclose()
        service.last.post(heard("late"), Failed("ServiceError", ""))
        await until(lambda: service.last.idle)
        other = listen(interpreter)  # once it has heard, the loop has taken the late ones too
        other.stream.end_input()
        await other.ended()
        assert not told
        assert not listener.errors


class TestClosing:
    async def test_a_stream_that_is_opening(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.hold("start")
        listener = listen(make_stt())
        await until(lambda: "start" in service.entered)
        closing = asyncio.ensure_future(listener.stream.aclose())
        await asyncio.sleep(0)
        service.release("start")
        await within(closing)
        await until(lambda: service.last.closed)

    async def test_a_stream_twice(self, make_stt: Make, listen: Make, service: FakeService) -> None:
        listener = listen(make_stt())
        await listener.stream.aclose()
        await listener.stream.aclose()

    async def test_a_recognizer_that_hangs_holds_up_nobody(
        self, make_stt: Make, listen: Make, until: Until, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_connection, "CLOSE_SECONDS", 0.02)
        service = FakeService()
        listener = listen(make_stt(_open_recognizer=service))
        await until(lambda: service.recognizers and service.last.started)
        service.hold("close")
        await asyncio.wait_for(listener.stream.aclose(), LIMIT_SECONDS / 2)
        assert not service.last.closed
        service.shut_down()

    async def test_the_stt_closes_all_its_streams(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt()
        listen(interpreter)
        listen(interpreter)
        await until(lambda: len(service.recognizers) == 2)
        await within(interpreter.aclose())
        assert all(recognizer.closed for recognizer in service.recognizers)
        assert translations_of(interpreter).claim("anything") == []

    async def test_a_second_close_waits_for_the_first(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listener = listen(make_stt())
        await until(lambda: service.recognizers and service.last.started)
        service.hold("close")
        first = asyncio.create_task(listener.stream.aclose())
        await until(lambda: "close" in service.entered)
        second = asyncio.create_task(listener.stream.aclose())
        await asyncio.wait({first, second}, timeout=0.05)
        assert {first.done(), second.done()} == {False}
        service.release("close")
        await within(second)
        assert service.last.closed
        await within(first)


class TestServiceThatNamesItsStreams:
    async def test_voices_whose_chunks_alternate_are_each_of_their_own_utterance(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        events: list[Event] = [heard("un"), heard("deux"), TurnStarted()]
        for stream_id in ("1", "2"):
            events += [VoiceAnnounced(stream_id, '{"TranslationLanguage":"fr"}')]
        for hertz in (440, 550):
            events += [VoiceChunk(tone(hertz, 0.1), "1"), VoiceChunk(tone(2 * hertz, 0.1), "2")]
        events += [VoiceCompleted(stream_id, told=True) for stream_id in ("1", "2")]
        service.replies = [[Connected(), *events]]
        stt = make_stt()
        listener = listen(stt)
        listener.stream.end_input()
        await listener.ended()
        heard_as = [pcm_of(translations_of(stt).claim(text)[0]) for text in ("un", "deux")]
        assert heard_as == [tone(440, 0.1) + tone(550, 0.1), tone(880, 0.1) + tone(1100, 0.1)]


class TestVoices:
    async def _heard(
        self, make_stt: Make, listen: Make, service: FakeService, *events: Event, **arguments: Any
    ) -> tuple[STT, list[VoiceLost]]:
        lost: list[VoiceLost] = []
        interpreter = make_stt(**arguments)
        interpreter.on("voice_lost", lost.append)
        service.replies = [[Connected(), *events]]
        listener = listen(interpreter)
        listener.stream.end_input()
        await listener.ended()
        return interpreter, lost

    async def test_one_is_kept_after_its_stream(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        pcm = tone(440, 0.3)
        interpreter, lost = await self._heard(make_stt, listen, service, heard("Oui."), *voice(pcm))
        (utterance,) = translations_of(interpreter).claim("Oui.")
        assert utterance.state is State.VOICED
        assert pcm_of(utterance) == pcm
        assert not lost

    async def test_one_that_never_came_is_lost_with_the_stream(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        interpreter, lost = await self._heard(make_stt, listen, service, heard("Oui."))
        (utterance,) = translations_of(interpreter).claim("Oui.")
        assert utterance.state is State.LOST
        (event,) = lost
        assert (event.id, event.seconds_heard) == (utterance.id, 0.0)

    async def test_one_that_does_not_come_in_time_is_lost(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        lost: list[VoiceLost] = []
        interpreter = make_stt(voice_timeout_seconds=0.05)
        interpreter.on("voice_lost", lost.append)
        service.replies = [[Connected(), heard("Oui.")]]
        listen(interpreter)
        await until(lambda: lost)
        assert "in time" in lost[0].reason

    async def test_one_under_way_is_lost_with_the_websocket(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        pcm = tone(440, 0.1)
        events: list[Event] = [
            heard("un"),
            VoiceChunk(pcm),
            Disconnected(),
            Connected(),
            heard("deux"),
            *voice(pcm),
        ]
        interpreter, lost = await self._heard(make_stt, listen, service, *events)
        assert [event.reason for event in lost] == ["the connection was lost"]
        (second,) = translations_of(interpreter).claim("deux")
        assert pcm_of(second) == pcm

    async def test_one_under_way_is_lost_with_its_attempt(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        pcm = tone(440, 0.1)
        service.replies = [
            [Connected(), heard("un"), VoiceChunk(b"\x01"), VoiceChunk(pcm), Failed("ConnectionFailure", "")],
            [Connected(), heard("deux"), *voice(pcm)],
        ]
        lost: list[VoiceLost] = []
        interpreter = make_stt()
        interpreter.on("voice_lost", lost.append)
        listener = listen(interpreter)
        listener.stream.end_input()
        await listener.ended()
        assert [event.reason for event in lost] == ["the connection was lost"]
        assert pcm_of(translations_of(interpreter).claim("deux")[0]) == pcm

    async def test_one_that_was_not_asked_for_is_not_reported_as_lost(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        interpreter, lost = await self._heard(make_stt, listen, service, heard("Oui."), voice=None)
        (utterance,) = translations_of(interpreter).claim("Oui.")
        assert utterance.state is State.LOST
        assert not lost

    async def test_speech_that_is_not_translated_has_none(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        events: list[Event] = [untranslated("Yes."), heard("Oui."), *voice(tone(440, 0.1))]
        interpreter, _ = await self._heard(make_stt, listen, service, *events)
        assert translations_of(interpreter).claim("Yes.") == []
        (utterance,) = translations_of(interpreter).claim("Oui.")
        assert utterance.state is State.VOICED

    async def test_half_a_sample_at_the_end_does_not_shift_the_next_voice(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        pcm = tone(440, 0.1)
        events: list[Event] = [
            heard("un"),
            VoiceChunk(pcm + b"\x01"),
            VoiceCompleted(),
            heard("deux"),
            *voice(pcm),
        ]
        interpreter, _ = await self._heard(make_stt, listen, service, *events)
        (second,) = translations_of(interpreter).claim("deux")
        assert pcm_of(second) == pcm

    async def test_one_that_ends_without_a_sound_is_lost_and_the_next_keeps_its_place(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        pcm = tone(440, 0.1)
        end = VoiceCompleted("1", told=True)
        own: list[Event] = [VoiceChunk(pcm, "2"), VoiceCompleted("2", told=True)]
        events: list[Event] = [heard("un"), heard("deux"), end, *own]
        interpreter, lost = await self._heard(make_stt, listen, service, *events)
        assert [one.reason for one in lost] == [LostReason.EMPTY.value]
        (second,) = translations_of(interpreter).claim("deux")
        assert pcm_of(second) == pcm

    async def test_one_that_cannot_be_played_is_lost_not_noise(
        self, make_stt: Make, listen: Make, service: FakeService, caplog: pytest.LogCaptureFixture
    ) -> None:
        fmt = struct.pack("<HHIIHH", 85, 1, 16000, 32000, 2, 16)  # MP3
        riff = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + fmt + b"data\0\0\0\0"
        events: list[Event] = [heard("Oui."), VoiceChunk(riff + tone(440, 0.1)), VoiceCompleted()]
        interpreter, lost = await self._heard(make_stt, listen, service, *events)
        assert "cannot be played" in caplog.text
        assert len(lost) == 1
        (utterance,) = translations_of(interpreter).claim("Oui.")
        assert not utterance.samples


def at(translation: str, offset: float) -> Recognized:
    """A final result whose words begin at a position in the audio of its attempt."""
    return Recognized(phrase("what was said", translation, offset=offset))


class TestLostResults:
    """A voice came whose result did not: the SDK drops a result that it cannot read."""

    SHORT = tone(440, 0.1)

    async def lose(
        self, stt: Any, listen: Make, service: FakeService, until: Until, *then: Event, **how: Any
    ) -> Any:
        """One utterance; 3 s of audio in all; the voice of another one, and what follows it."""
        listener = listen(stt, **how)
        listener.stream.push_frame(frame(3.0))
        await until(lambda: service.recognizers and len(service.last.written) == 96000)
        service.last.post(at("Un.", 0.5), *voice(self.SHORT), *voice(self.SHORT), *then)
        return listener

    async def test_the_audio_of_a_lost_result_is_sent_again_when_the_next_result_comes(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        listener = await self.lose(make_stt(), listen, service, until, at("Trois.", 4.0))
        await until(lambda: len(service.recognizers) == 2 and service.last.written)
        assert len(service.last.written) == 64000
        service.last.post(at("Deux.", 0.5), at("Trois.", 3.0))
        await listener.has(FINAL, 3)
        assert [final.text for final in listener.finals] == ["Un.", "Deux.", "Trois."]

    async def test_the_audio_of_a_lost_result_is_sent_again_once(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stt = make_stt()
        listener = await self.lose(stt, listen, service, until, at("Trois.", 4.0))
        await until(lambda: len(service.recognizers) == 2 and service.last.written)
        service.last.post(*voice(self.SHORT), at("Trois.", 3.0), *voice(tone(440, 0.2)))
        await listener.has(FINAL, 2)
        (utterance,) = translations_of(stt).claim("Trois.")
        await until(lambda: utterance.done)
        assert (utterance.state, utterance.seconds) == (State.VOICED, pytest.approx(0.2))
        assert len(service.recognizers) == 2

    async def test_a_voice_of_what_is_not_translated_is_no_lost_result(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stt = make_stt()
        listener = listen(stt)
        listener.stream.push_frame(frame(3.0))
        await until(lambda: service.recognizers and len(service.last.written) == 96000)
        service.last.post(untranslated("Yes."), *voice(self.SHORT), at("Deux.", 4.0), *voice(tone(440, 0.2)))
        await listener.has(FINAL, 2)
        (utterance,) = translations_of(stt).claim("Deux.")
        await until(lambda: utterance.done)
        assert (utterance.seconds, len(service.recognizers)) == (pytest.approx(0.2), 1)

    async def test_the_next_utterance_keeps_its_own_voice_without_another_attempt(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        stt = make_stt()
        options = APIConnectOptions(max_retry=0, timeout=4)
        listener = await self.lose(
            stt, listen, service, until, at("Trois.", 4.0), *voice(tone(440, 0.2)), conn_options=options
        )
        await listener.has(FINAL, 2)
        (utterance,) = translations_of(stt).claim("Trois.")
        await until(lambda: utterance.done)
        assert utterance.seconds == pytest.approx(0.2)

    async def test_the_audio_of_a_lost_result_is_sent_again_when_no_other_result_comes(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        await self.lose(make_stt(voice_timeout_seconds=0.2), listen, service, until)
        await until(lambda: len(service.recognizers) == 2 and service.last.written)
        assert len(service.last.written) == 64000


class TestOutcome:
    @pytest.mark.parametrize("is_spoken", [True, False])
    async def test_an_utterance_is_not_spoken_at_once_where_no_tts_speaks_for_the_stt(
        self, make_stt: Make, listen: Make, service: FakeService, is_spoken: bool
    ) -> None:
        stt = make_stt()
        if is_spoken:
            TTS(stt)
        service.replies = [[Connected(), heard("Oui.")]]
        listener = listen(stt)
        await listener.has(FINAL)
        assert stt.counts.outcomes == ({} if is_spoken else {"not_spoken": 1})


class TestUnreadResults:
    """A result came that the SDK or the package cannot read."""

    async def test_the_audio_of_an_unread_result_is_sent_again(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        service.replies = [[Connected(), ResultUnread()], [Connected(), heard("Oui.")]]
        listener = listen(make_stt())
        listener.stream.push_frame(frame(1.0))
        await listener.has(FINAL)
        await until(lambda: len(service.last.written) == 32000)
        assert len(service.recognizers) == 2

    async def test_a_second_unread_result_of_the_same_audio_is_an_error_in_the_log_and_its_voice_is_nobodys(
        self,
        make_stt: Make,
        listen: Make,
        service: FakeService,
        until: Until,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        stt = make_stt()
        listener = listen(stt)
        listener.stream.push_frame(frame(1.0))
        for number in (1, 2):
            await until(lambda number=number: len(service.recognizers) == number and service.last.written)
            service.last.post(ResultUnread())
        service.last.post(heard("Oui."), *voice(tone(440, 0.1)), *voice(tone(440, 0.2)))
        await listener.has(FINAL)
        (utterance,) = translations_of(stt).claim("Oui.")
        await until(lambda: utterance.done)
        assert (utterance.seconds, len(service.recognizers)) == (pytest.approx(0.2), 2)
        assert "could not be read; its speech is not translated" in caplog.text

    async def test_no_voice_of_an_unread_result_is_awaited_where_none_was_asked_for(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        stt = make_stt(voice=None)
        service.replies = [[Connected(), ResultUnread(), heard("Oui.")]]
        listener = listen(stt, conn_options=APIConnectOptions(max_retry=0, timeout=4))
        await listener.has(FINAL)
        (ledger,) = translations_of(stt).of(None)
        assert ledger.deadline is None


class TestServiceThatStaysMute:
    def listen(self, service: FakeService, options: APIConnectOptions) -> tuple[APITimeoutError, list[bool]]:
        """What a stream with speech ends with, in virtual time; and which of its errors were recoverable."""
        loop = VirtualLoop()
        loop.idle = lambda: all(recognizer.idle for recognizer in service.recognizers)
        recoverable: list[bool] = []

        async def main() -> APITimeoutError:
            credentials = {"speech_key": "a-key", "speech_region": "westeurope"}
            interpreter = STT(target_languages="fr", _open_recognizer=service, **credentials)
            interpreter.on("error", lambda error: recoverable.append(error.recoverable))
            async with interpreter.stream(conn_options=options) as stream:
                stream.push_frame(rtc.AudioFrame(b"\x00\x10" * 3200, 16000, 1, 3200))
                with pytest.raises(APITimeoutError, match="did not answer to speech") as raised:
                    async for _ in stream:
                        pass
            await interpreter.aclose()
            return raised.value

        # LiveKit counts retries anew after an attempt that outlived its timeout, by the clock on the wall.
        livekit_clock = SimpleNamespace(time=loop.time, perf_counter=loop.time)
        with mock.patch("livekit.agents.stt.stt.time", livekit_clock):
            return run(loop, main()), recoverable

    def test_a_mute_service_is_an_error_in_the_end(self, service: FakeService) -> None:
        error, recoverable = self.listen(service, APIConnectOptions(max_retry=1))
        assert not error.retryable
        assert recoverable == [True, False]

    def test_a_stream_without_retries_leaves_another_try_to_its_caller(self, service: FakeService) -> None:
        error, _ = self.listen(service, APIConnectOptions(max_retry=0))
        assert error.retryable

    async def test_each_attempt_waits_longer_for_an_answer_up_to_four_times_as_long(
        self, make_stt: Make, listen: Make, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limits: list[float] = []

        class Recorded(_connection.Connection):
            def __init__(self, *arguments: Any, peer_timeout_seconds: float, **more: Any) -> None:
                limits.append(peer_timeout_seconds)
                super().__init__(*arguments, peer_timeout_seconds=peer_timeout_seconds, **more)

        monkeypatch.setattr(stream_module, "Connection", Recorded)
        service.replies = [*[[Failed("ServiceTimeout", "")]] * 4, [Connected()]]
        at_once = APIConnectOptions(max_retry=4, retry_interval=0.0)
        listener = listen(make_stt(peer_timeout_seconds=15.0), conn_options=at_once)
        listener.stream.end_input()
        await listener.ended()
        assert limits == [15.0, 30.0, 60.0, 60.0, 60.0]


class TestRenewableCredentials:
    async def test_a_refusal_is_retried_once(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        service.replies = [[Failed("AuthenticationFailure", "")]]
        listener = listen(make_stt(speech_key=None, speech_auth_token=lambda: "a-token"))
        with pytest.raises(APIStatusError):
            await listener.ended()
        assert len(service.recognizers) == 2

    async def test_a_connection_in_between_counts_anew(
        self, make_stt: Make, listen: Make, service: FakeService
    ) -> None:
        refused = Failed("AuthenticationFailure", "")
        service.replies = [[refused], [Connected(), refused], [Connected(), Finished()]]
        service.finishes = False
        listener = listen(make_stt(speech_key=None, speech_auth_token=lambda: "a-token"))
        await listener.ended()
        assert len(service.recognizers) == 3


class TestProbe:
    """LiveKit's FallbackAdapter opens one on an STT that failed, while another serves."""

    PROBE = APIConnectOptions(max_retry=0, timeout=4)

    @pytest.fixture
    async def probed(
        self, make_stt: Make, service: FakeService, until: Until
    ) -> AsyncIterator[tuple[Any, FakeRecognizer]]:
        """An STT that has failed, and the recognizer of its probe; another serves meanwhile."""
        other, pace = FakeService(), {"pace": "simultaneous", "voice": None}
        interpreter = make_stt(**pace)
        service.replies = [[Failed("AuthenticationFailure", "")], [Connected()]]
        adapter = livekit_stt.FallbackAdapter(
            [interpreter, make_stt(_open_recognizer=other, **pace)], max_retry_per_stt=0
        )
        stream = adapter.stream()
        stream.start_time_offset = 1.0
        await until(lambda: len(service.recognizers) == 2 and service.last.started)
        yield interpreter, service.last
        await within(stream.aclose())
        await within(adapter.aclose())
        other.shut_down()

    async def test_speech_in_the_probe_of_an_adapter_is_not_reported_nor_claimed(
        self, probed: tuple[Any, FakeRecognizer], until: Until
    ) -> None:
        interpreter, recognizer = probed
        reported: list[object] = []
        interpreter.on("utterance_recognized", reported.append)
        interpreter.on("voice_lost", reported.append)
        interpreter.on("translation_begun", reported.append)
        sentence = "Oui, nous allons bien."
        begun = (hearing(sentence.rsplit(" ", left)[0]) for left in (2, 1, 0))
        recognizer.post(*begun, heard("Oui."), *voice(tone(440, 0.2)))
        await until(lambda: recognizer.closed)
        assert translations_of(interpreter).claim("Oui.") == []
        assert (reported, interpreter.counts.utterances) == ([], 0)

    async def test_a_stream_without_retries_or_place_is_no_probe_where_no_adapter_tries(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until
    ) -> None:
        interpreter = make_stt()
        listen(interpreter).stream.start_time_offset = 1.0
        await until(lambda: service.recognizers and service.last.started)
        stream = listen(interpreter, conn_options=self.PROBE)
        await until(lambda: len(service.recognizers) == 2 and service.last.started)
        service.last.post(heard("Oui."))
        await stream.has(SpeechEventType.FINAL_TRANSCRIPT)
        assert interpreter.next_translation("Oui.") is not None

    async def test_a_probe_is_closed_with_the_stt(
        self, probed: tuple[Any, FakeRecognizer], until: Until
    ) -> None:
        interpreter, recognizer = probed
        await within(interpreter.aclose())
        await until(lambda: recognizer.closed)

    @pytest.mark.parametrize("max_retry", [0, 1])
    async def test_a_stream_of_a_reader_who_places_none_is_no_probe(
        self, make_stt: Make, listen: Make, service: FakeService, until: Until, max_retry: int
    ) -> None:
        interpreter = make_stt()
        stream = listen(interpreter, conn_options=APIConnectOptions(max_retry=max_retry, timeout=4))
        await until(lambda: service.recognizers and service.last.started)
        service.last.post(heard("Oui."))
        await stream.has(SpeechEventType.FINAL_TRANSCRIPT)
        assert interpreter.next_translation("Oui.") is not None
