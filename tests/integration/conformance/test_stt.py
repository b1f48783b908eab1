"""What LiveKit expects of an STT: the order of events, ids, empty input, time limits, retries and closing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.lengths import behaviour as by_length
from fakes.lengths import utterance
from fakes.limits import within
from fakes.promises import takes_less_than, tries_again
from fakes.room import Audio
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, APITimeoutError
from livekit.agents import stt as livekit_stt
from livekit.agents.metrics import STTMetrics
from livekit.agents.stt import SpeechEventType

from livekit_plugins_azure_interpreter.emulator import Behaviour, Drop, HangHandshake, NoTranslation

from ..conftest import OpenPair, Pair
from .conftest import Told

START, END = SpeechEventType.START_OF_SPEECH, SpeechEventType.END_OF_SPEECH
INTERIM, FINAL = SpeechEventType.INTERIM_TRANSCRIPT, SpeechEventType.FINAL_TRANSCRIPT
USAGE = SpeechEventType.RECOGNITION_USAGE
TWO = utterance(1) + utterance(2)
QUICK = APIConnectOptions(max_retry=3, retry_interval=0.0, timeout=0.5)
"""For a service that never answers."""
PATIENT = APIConnectOptions(max_retry=3, retry_interval=0.0, timeout=2.0)
"""For one that answers the next attempt: a busy machine may take some time for it."""
ONCE = APIConnectOptions(max_retry=0, timeout=0.5)


async def listen(stream: livekit_stt.SpeechStream) -> list[livekit_stt.SpeechEvent]:
    async def take() -> list[livekit_stt.SpeechEvent]:
        return [event async for event in stream]

    return await within(take())


def push(stream: livekit_stt.SpeechStream, pcm: bytes, **how: Any) -> None:
    for frame in Audio().frames(pcm, **how):
        stream.push_frame(frame)


async def heard(pair: Pair, pcm: bytes = TWO, **how: Any) -> list[livekit_stt.SpeechEvent]:
    """All events of the pair's stream for some speech."""
    push(pair.stream, pcm, **how)
    pair.stream.end_input()
    return await listen(pair.stream)


def texts(events: list[livekit_stt.SpeechEvent]) -> list[str]:
    return [event.alternatives[0].text for event in events if event.type is FINAL]


class TestOrder:
    @pytest.mark.parametrize(
        "behaviour",
        [
            {},
            {"interim_interval_ms": None},
            {"utterances_per_turn": 1},
            {"faults": [NoTranslation(utterance=2)]},
        ],
        ids=["interims", "no interims", "a turn each", "one not translated"],
    )
    async def test_start_and_end_of_speech_alternate_around_each_transcript(
        self, open_pair: OpenPair, behaviour: dict[str, Any]
    ) -> None:
        events = await heard(await open_pair(by_length(**behaviour)), TWO + utterance(3))
        speaking = False
        for event in events:
            if event.type in (START, END):
                assert speaking == (event.type is END)
                speaking = event.type is START
            elif event.type is not USAGE:
                assert speaking
        assert not speaking
        assert len(texts(events)) == 3

    async def test_all_events_of_a_stream_have_its_request_id(self, open_pair: OpenPair) -> None:
        pair, other = await open_pair(by_length()), await open_pair(by_length())
        (one,) = {event.request_id for event in await heard(pair)}
        (another,) = {event.request_id for event in await heard(other)}
        assert one
        assert one != another

    async def test_transcripts_alone_have_words_and_each_has_its_language(self, open_pair: OpenPair) -> None:
        for event in await heard(await open_pair(by_length())):
            assert bool(event.alternatives) == (event.type in (INTERIM, FINAL))
            assert {data.language for data in event.alternatives} <= {"fr"}
            assert all(data.text for data in event.alternatives)

    async def test_times_grow_and_begin_where_the_stream_was_placed(self, open_pair: OpenPair) -> None:
        pair = await open_pair(by_length())
        pair.stream.start_time_offset = 100.0
        finals = [event.alternatives[0] for event in await heard(pair) if event.type is FINAL]
        times = [seconds for data in finals for seconds in (data.start_time, data.end_time)]
        assert times == sorted(times)
        assert times[0] == pytest.approx(100.2, abs=0.05)

    async def test_the_declared_capabilities_are_the_real_ones(self, open_pair: OpenPair) -> None:
        pair = await open_pair(by_length())
        declared = pair.stt.capabilities
        events = await heard(pair)
        assert declared.interim_results == any(event.type is INTERIM for event in events)
        timed = all(event.alternatives[0].end_time > 0 for event in events if event.type is FINAL)
        assert (declared.aligned_transcript, timed) == ("chunk", True)


class TestInput:
    async def test_the_end_of_the_input_ends_the_stream_with_everything_that_was_said(
        self, open_pair: OpenPair
    ) -> None:
        assert texts(await heard(await open_pair(by_length()))) == ["phrase 1", "phrase 2"]

    async def test_speech_that_the_end_of_the_input_cuts_is_final_all_the_same(
        self, open_pair: OpenPair
    ) -> None:
        audio = Audio()
        events = await heard(await open_pair(by_length()), audio.silence(0.3) + audio.burst(0.4))
        assert len(texts(events)) == 1

    async def test_a_flush_loses_and_divides_nothing(self, open_pair: OpenPair) -> None:
        pair = await open_pair(by_length())
        middle = len(TWO) // 4 * 2
        push(pair.stream, TWO[:middle])
        pair.stream.flush()
        assert texts(await heard(pair, TWO[middle:])) == ["phrase 1", "phrase 2"]

    @pytest.mark.parametrize("frame_ms", [5, 10, 100, 1000])
    async def test_frames_are_of_any_length(self, open_pair: OpenPair, frame_ms: float) -> None:
        events = await heard(await open_pair(by_length()), frame_ms=frame_ms)
        assert texts(events) == ["phrase 1", "phrase 2"]

    async def test_an_empty_input_has_no_event_and_no_error(self, open_pair: OpenPair) -> None:
        pair = await open_pair()
        assert await heard(pair, b"") == []
        assert pair.errors == []

    async def test_silence_is_usage_and_nothing_else(self, open_pair: OpenPair) -> None:
        pair = await open_pair()
        events = await heard(pair, Audio().silence(2.0))
        assert {event.type for event in events} == {USAGE}
        assert pair.errors == []

    async def test_nothing_can_be_pushed_after_its_end(self, open_pair: OpenPair) -> None:
        pair = await open_pair()
        await heard(pair, b"")
        (frame,) = Audio().frames(bytes(320))
        for late in (lambda: pair.stream.push_frame(frame), pair.stream.flush, pair.stream.end_input):
            with pytest.raises(RuntimeError):
                late()

    async def test_usage_is_reported_as_metrics_of_a_stream(self, open_pair: OpenPair) -> None:
        pair = await open_pair(by_length())
        told = Told.by(pair.stt)
        events = await heard(pair)
        metrics = [one for one in told.metrics if isinstance(one, STTMetrics) and one.audio_duration]
        assert sum(one.audio_duration for one in metrics) == pytest.approx(len(TWO) / 2 / 16000)
        assert all(one.streamed for one in metrics)
        assert {one.request_id for one in metrics} == {events[0].request_id}
        (about,) = {(one.metadata.model_name, one.metadata.model_provider) for one in metrics if one.metadata}
        assert about == (pair.stt.model, pair.stt.provider)


class TestErrors:
    """The stream is that of `pair.stt`, so that its time limit can be chosen."""

    async def _fails(self, pair: Pair, conn_options: APIConnectOptions) -> tuple[BaseException, Told]:
        await pair.stream.aclose()
        told = Told.by(pair.stt)
        stream = pair.stt.stream(conn_options=conn_options)
        push(stream, TWO)
        with pytest.raises(APIError) as raised:
            await listen(stream)
        await stream.aclose()
        return raised.value, told

    @tries_again
    async def test_a_service_that_does_not_answer_is_a_timeout_in_time(self, open_pair: OpenPair) -> None:
        pair = await open_pair(Behaviour(faults=[HangHandshake(times=None)]))
        began_at = time.monotonic()
        with takes_less_than(2.0):
            error, told = await self._fails(pair, ONCE)
        assert isinstance(error, APITimeoutError)
        assert time.monotonic() - began_at > 0.3
        assert [one.recoverable for one in told.errors] == [False]

    async def test_a_failing_stream_is_tried_as_often_as_asked(self, open_pair: OpenPair) -> None:
        pair = await open_pair(Behaviour(faults=[HangHandshake(times=None)]))
        error, told = await self._fails(pair, QUICK)
        assert isinstance(error, APIConnectionError)
        # LiveKit wraps the last one, but where its time limit comes late.
        assert isinstance(error.__cause__ or error, APITimeoutError)
        assert [one.recoverable for one in told.errors] == [True, True, True, False]

    async def test_a_refusal_that_would_come_again_is_final(self, open_pair: OpenPair) -> None:
        pair = await open_pair(Behaviour(key="right"), speech_key="wrong")
        error, told = await self._fails(pair, APIConnectOptions(max_retry=3))
        assert isinstance(error, APIStatusError)
        assert [one.recoverable for one in told.errors] == [False]

    @pytest.mark.parametrize("fault", [HangHandshake(), Drop(0.6, code=4000), Drop(1.5, code=4000)])
    async def test_unanswered_audio_is_heard_by_the_next_attempt(
        self, open_pair: OpenPair, fault: Any
    ) -> None:
        pair = await open_pair(by_length(faults=[fault]))
        await pair.stream.aclose()
        told = Told.by(pair.stt)
        stream = pair.stt.stream(conn_options=PATIENT)
        before = stream.start_time
        push(stream, TWO)
        stream.end_input()
        events = await listen(stream)
        assert texts(events) == ["phrase 1", "phrase 2"]
        # Azure's names for the connections on which they were heard.
        heard = {event.request_id for event in events if event.type is FINAL}
        assert heard <= set(pair.emulator.sessions)
        assert [one.recoverable for one in told.errors] == [True]
        assert before < stream.start_time <= time.time()
        await stream.aclose()


class TestClosing:
    @pytest.mark.parametrize("moment", ["at once", "connecting", "amid speech", "after a final"])
    @tries_again
    async def test_closing_is_quick_at_any_moment_and_nothing_more_is_heard(
        self, open_pair: OpenPair, moment: str
    ) -> None:
        faults = [HangHandshake()] if moment == "connecting" else []
        pair = await open_pair(by_length(faults=faults))
        if moment != "at once":
            await asyncio.sleep(0.05)
            push(pair.stream, TWO)
        if moment in ("amid speech", "after a final"):
            await pair.listen_until("start_of_speech" if moment == "amid speech" else "final_transcript")
        with takes_less_than(1.5):
            await within(pair.stream.aclose())
        await listen(pair.stream)
        (frame,) = Audio().frames(bytes(320))
        with pytest.raises(RuntimeError):
            pair.stream.push_frame(frame)
        await within(pair.stream.aclose())
        assert pair.errors == []

    async def test_closing_the_stt_closes_its_streams_and_can_be_repeated(self, open_pair: OpenPair) -> None:
        pair = await open_pair(by_length())
        push(pair.stream, TWO)
        pair.stt.prewarm()
        async with pair.stt:
            await pair.listen_until("start_of_speech")
        await listen(pair.stream)
        await within(pair.stt.aclose())

    async def test_one_stream_does_not_disturb_another(self, open_pair: OpenPair) -> None:
        pair = await open_pair(by_length())
        push(pair.stream, utterance(1))
        await pair.listen_until("start_of_speech")
        async with pair.stt.stream() as other:
            push(other, utterance(2))
        pair.stream.end_input()
        await listen(pair.stream)
        assert not pair.errors


class TestRecognize:
    """A recording as a whole."""

    @pytest.fixture
    async def recognizer(self, open_pair: OpenPair) -> Callable[..., Awaitable[tuple[Pair, Told]]]:
        async def make(behaviour: Behaviour | None = None, **options: Any) -> tuple[Pair, Told]:
            pair = await open_pair(behaviour or by_length(), **options)
            await pair.stream.aclose()
            return pair, Told.by(pair.stt)

        return make

    async def test_a_recording_gives_one_final_transcript_of_everything(self, recognizer: Any) -> None:
        pair, told = await recognizer()
        event = await within(pair.stt.recognize(Audio().frames(TWO)))
        assert event.type is FINAL
        assert event.request_id
        assert [data.text for data in event.alternatives] == ["phrase 1 phrase 2"]
        assert told.errors == []

    async def test_one_frame_is_a_recording_too(self, recognizer: Any) -> None:
        pair, _ = await recognizer()
        (frame,) = Audio().frames(TWO, frame_ms=60_000)
        assert (await within(pair.stt.recognize(frame))).alternatives[0].text == "phrase 1 phrase 2"

    @pytest.mark.parametrize("seconds", [0.0, 1.0])
    async def test_a_recording_without_speech_gives_an_empty_transcript_and_no_error(
        self, recognizer: Any, seconds: float
    ) -> None:
        pair, told = await recognizer()
        event = await within(pair.stt.recognize(Audio().frames(Audio().silence(seconds))))
        assert (event.type, event.alternatives[0].text, told.errors) == (FINAL, "", [])

    async def test_a_recording_is_reported_once_and_not_as_a_stream(self, recognizer: Any) -> None:
        pair, told = await recognizer()
        event = await within(pair.stt.recognize(Audio().frames(TWO)))
        (metrics,) = told.metrics
        assert (metrics.streamed, metrics.request_id) == (False, event.request_id)
        assert metrics.audio_duration == pytest.approx(len(TWO) / 2 / 16000)
        assert metrics.duration > 0

    @tries_again
    async def test_a_service_that_does_not_answer_is_a_timeout_in_time(self, recognizer: Any) -> None:
        pair, told = await recognizer(Behaviour(faults=[HangHandshake(times=None)]))
        began_at = time.monotonic()
        with takes_less_than(2.0), pytest.raises(APITimeoutError):
            await within(pair.stt.recognize(Audio().frames(TWO), conn_options=ONCE))
        assert time.monotonic() - began_at > 0.3
        assert [one.recoverable for one in told.errors] == [False]
        assert told.metrics == []

    async def test_a_failing_recording_is_tried_as_often_as_asked(self, recognizer: Any) -> None:
        pair, told = await recognizer(Behaviour(faults=[HangHandshake(times=None)]))
        with pytest.raises(APIConnectionError):
            await within(pair.stt.recognize(Audio().frames(TWO), conn_options=QUICK))
        assert [one.recoverable for one in told.errors] == [True, True, True, False]
        assert told.metrics == []

    async def test_the_whole_recording_is_heard_after_a_failed_attempt(self, recognizer: Any) -> None:
        pair, told = await recognizer(by_length(faults=[HangHandshake()]))
        event = await within(pair.stt.recognize(Audio().frames(TWO), conn_options=PATIENT))
        assert event.alternatives[0].text == "phrase 1 phrase 2"
        assert [one.recoverable for one in told.errors] == [True]

    async def test_several_at_once_are_not_mixed_up(self, recognizer: Any) -> None:
        pair, _ = await recognizer()
        recordings = [Audio().frames(utterance(number)) for number in (1, 2, 3)]
        events = await within(asyncio.gather(*map(pair.stt.recognize, recordings)))
        assert [event.alternatives[0].text for event in events] == ["phrase 1", "phrase 2", "phrase 3"]
        assert len({event.request_id for event in events}) == 3
