"""LiveKit has each private name that the package uses, and only one module of the package names them."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import logging
import pkgutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.findings import assert_none
from fakes.fixtures import Until
from fakes.livekit_private import give_session_keyterms
from fakes.session import Room
from fakes.streams import streams_of
from fakes.tts import ToneTTS
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    Agent,
    AgentSession,
    APIConnectionError,
    APIConnectOptions,
    CloseReason,
    stt,
    tts,
)
from livekit.agents.metrics import STTMetrics, TTSMetrics
from livekit.agents.tts import TTSError
from livekit.agents.voice import agent_activity, audio_recognition
from livekit.rtc._ffi_client import FfiClient, FfiQueue
from livekit.rtc._proto.ffi_pb2 import FfiEvent
from pytest_mock import MockerFixture

import livekit_plugins_azure_interpreter as azure_interpreter
from livekit_plugins_azure_interpreter import STT, InterpreterAgent, _livekit_private
from livekit_plugins_azure_interpreter._livekit_private import (
    NOT_ANSWERED,
    AnyRateStream,
    KeytermsSTT,
    OwnAudioStream,
    SynthesizeStream,
    UnansweredTurns,
    UnmeteredChunkedStream,
    UnmeteredSynthesizeStream,
    UnreportedStream,
    activity,
    close_with,
    hearing_scope,
    is_closing,
    note_request_id,
    scope_of,
    speaking_scope,
    stts_in,
    tts_in,
    ttss_in,
    when_ended,
)

# Of what in LiveKit, which names.
NAMES: list[tuple[Any, str]] = [
    (stt.STT, "_update_session_keyterms"),
    (stt.RecognizeStream, "_emit_error"),
    (stt.RecognizeStream, "_event_ch"),
    (stt.RecognizeStream, "_input_ch"),
    (stt.RecognizeStream, "_metrics_monitor_task"),
    (stt.RecognizeStream, "_pushed_sr"),
    (stt.RecognizeStream, "_report_connection_acquired"),
    (stt.RecognizeStream, "_stt"),
    (stt.RecognizeStream, "_task"),
    (tts.SynthesizeStream, "_input_ch"),
    (tts.SynthesizeStream, "_mark_started"),
    (tts.SynthesizeStream, "_metrics_monitor_task"),
    (tts.SynthesizeStream, "_task"),
    (tts.SynthesizeStream, "_tts_request_span"),
    (tts.ChunkedStream, "_metrics_monitor_task"),
    (tts.ChunkedStream, "_synthesize_task"),
    (tts.ChunkedStream, "_tts_request_span"),
    (tts.AudioEmitter, "_note_provider_request_id"),
    (rtc.AudioStream, "_ffi_handle"),
    (rtc.AudioStream, "_ffi_queue"),
    (FfiQueue, "_lock"),
    (FfiQueue, "_subscribers"),
    (rtc.EventEmitter, "_events"),
    (stt.FallbackAdapter, "_status"),
    (stt.FallbackAdapter, "_stt_instances"),
    (tts.FallbackAdapter, "_tts_instances"),
    (tts.StreamAdapter, "_wrapped_tts"),
    (AgentSession, "_close_soon"),
    (AgentSession, "_is_closing"),
    (agent_activity, "_AgentActivityContextVar"),
    (audio_recognition, "_STTPipelineContextVar"),
    (audio_recognition._STTPipeline, "_is_closing"),
]

ONCE = APIConnectOptions(max_retry=0, timeout=4)
FINAL = stt.SpeechEventType.FINAL_TRANSCRIPT
RATES_HZ = [48000, 16000, 8000, 44100, 48000]


@cache
def names_of(holder: Any) -> frozenset[str]:
    """The private names of a class, also those that its methods set; or of a module."""
    assigned = (
        node.attr
        for node in (ast.walk(_parsed(holder)) if isinstance(holder, type) else ())
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    )
    return frozenset(filter(is_private, {*vars(holder), *assigned}))


def _parsed(made: type) -> ast.AST:
    """A class in the source of its module, which is parsed once."""
    node: ast.Module | ast.ClassDef = _parsed_module(made.__module__)
    for name in made.__qualname__.split("."):
        (node,) = (one for one in node.body if isinstance(one, ast.ClassDef) and one.name == name)
    return node


@cache
def _parsed_module(name: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[name]))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize(
    ("holder", "name"), [pytest.param(*pair, id=f"{pair[0].__name__}.{pair[1]}") for pair in NAMES]
)
def test_livekit_has_each_private_name(holder: Any, name: str) -> None:
    assert name in names_of(holder)


def test_the_list_of_names_is_the_modules() -> None:
    tree = ast.parse(inspect.getsource(_livekit_private))
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    used |= {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
    }
    livekits = frozenset[str]().union(*(names_of(holder) for holder, _ in NAMES))
    assert (used - own) & livekits == {name for _, name in NAMES}


def test_no_other_class_uses_a_private_name_of_its_livekit_base() -> None:
    """What is abstract in LiveKit is excepted: each plugin defines it."""
    found = [
        f"{made.__qualname__}.{name}"
        for made in _classes()
        if (inherited := _inherited_from_livekit(made))  # of most classes nothing: they need no parsing
        for name in _used_by(made) & inherited
    ]
    assert_none(found)


def _classes() -> Iterator[type]:
    package = azure_interpreter.__name__
    inner = [found.name for found in pkgutil.walk_packages(azure_interpreter.__path__, f"{package}.")]
    for name in (package, *inner):
        if name != _livekit_private.__name__ and not name.endswith("__main__"):
            module = importlib.import_module(name)
            yield from (
                one
                for one in vars(module).values()
                if isinstance(one, type) and one.__module__ == module.__name__
            )


def _used_by(made: type) -> set[str]:
    nodes = list(ast.walk(_parsed(made)))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return used | {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _inherited_from_livekit(made: type) -> set[str]:
    bases = [base for base in made.__mro__ if base.__module__.startswith("livekit.")]
    inherited = set().union(*map(names_of, bases))
    return inherited - set().union(*(getattr(base, "__abstractmethods__", ()) for base in bases))


class _Own(stt.RecognizeStream):
    """Gives back, as it is, what was pushed."""

    async def _run(self) -> None:
        self.pushed = [item async for item in self._input_ch if isinstance(item, rtc.AudioFrame)]


class _OfAnyRate(AnyRateStream, _Own):
    async def ended(self) -> None:
        await self._all_attempts


@pytest.fixture
async def interpreter() -> AsyncIterator[STT]:
    interpreter = STT(target_languages="fr", speech_key="a-key", speech_region="westeurope")
    yield interpreter
    await interpreter.aclose()


def _frames() -> list[rtc.AudioFrame]:
    return [rtc.AudioFrame(bytes(rate // 50), rate, 1, rate // 100) for rate in RATES_HZ]


class TestAnyRate:
    async def test_frames_of_any_rate_are_taken_as_they_are(self, interpreter: STT) -> None:
        stream = _OfAnyRate(stt=interpreter, conn_options=DEFAULT_API_CONNECT_OPTIONS)
        for frame in _frames():
            stream.push_frame(frame)
        stream.end_input()
        await stream.ended()
        assert [frame.sample_rate for frame in stream.pushed] == RATES_HZ
        await stream.aclose()

    async def test_livekit_still_refuses_a_second_rate(self, interpreter: STT) -> None:
        """Where this fails, LiveKit has given up its check, or keeps the rate elsewhere."""
        stream = _Own(stt=interpreter, conn_options=DEFAULT_API_CONNECT_OPTIONS)
        first, second, *_ = _frames()
        stream.push_frame(first)
        assert vars(stream)["_pushed_sr"] == first.sample_rate
        with pytest.raises(ValueError, match="sample rate"):
            stream.push_frame(second)
        await stream.aclose()


class _Hearing(KeytermsSTT[Any]):
    """An STT of nothing but the base class.

    Args:
        work: What each stream of it does.
    """

    def __init__(self, work: Callable[[Any], Awaitable[None]] | None = None) -> None:
        self.keyterms: list[str] = []
        super().__init__(
            capabilities=stt.STTCapabilities(streaming=True, interim_results=True),
            session_keyterms=self.keyterms.extend,
        )
        self.reports: list[object] = []
        self.work = work
        self.kind: type[_Worker] = _Worker
        self.on("metrics_collected", self.reports.append)
        self.on("error", self.reports.append)

    async def _recognize_impl(self, *arguments: Any, **more: Any) -> stt.SpeechEvent:
        raise NotImplementedError

    def stream(self, *, conn_options: Any = ONCE, **more: Any) -> stt.RecognizeStream:
        return self.kind(stt=self, conn_options=conn_options)


class _Worker(AnyRateStream):
    _stt: _Hearing

    async def _run(self) -> None:
        assert self._stt.work is not None
        await self._stt.work(self)

    def tell(self, *events: stt.SpeechEvent) -> None:
        self._tell(events)

    def tell_connected(self, seconds: float) -> None:
        self._tell_connected(seconds)

    async def pushed(self) -> list[object]:
        return [item async for item in self._pushed_items]

    @property
    def is_probed(self) -> bool:
        return self._is_probed


class _Unreported(UnreportedStream, _Worker):
    pass


USAGE = stt.SpeechEvent(
    type=stt.SpeechEventType.RECOGNITION_USAGE, recognition_usage=stt.RecognitionUsage(audio_duration=1.5)
)


class TestStreams:
    async def test_keyterms_of_a_session_come_to_the_stt(self) -> None:
        hearing = _Hearing()
        give_session_keyterms(hearing, ["Contoso", "Jessie"])
        assert hearing.keyterms == ["Contoso", "Jessie"]

    async def test_a_stream_gives_the_events_that_it_tells(self) -> None:
        events = [stt.SpeechEvent(type=kind) for kind in (stt.SpeechEventType.START_OF_SPEECH, FINAL)]

        async def work(stream: _Worker) -> None:
            stream.tell(*events)

        async with _Hearing(work).stream() as stream:
            assert [event async for event in stream] == events

    async def test_a_stream_takes_all_that_was_pushed_up_to_its_end(self) -> None:
        taken: list[object] = []

        async def work(stream: _Worker) -> None:
            taken.extend(await stream.pushed())

        frame, *_ = _frames()
        async with _Hearing(work).stream() as stream:
            stream.push_frame(frame)
            stream.flush()
            stream.end_input()
            assert [event async for event in stream] == []
        assert taken[0] is frame
        assert not any(isinstance(mark, rtc.AudioFrame) for mark in taken[1:])
        assert len(taken) > 1

    async def _reports(self, kind: type[_Worker]) -> list[object]:
        """What the STT of a stream reports that connects, is used and fails."""

        async def work(stream: _Worker) -> None:
            stream.tell_connected(0.25)
            stream.tell(USAGE)
            raise APIConnectionError("no connection", retryable=False)

        hearing = _Hearing(work)
        hearing.kind = kind
        async with hearing.stream() as stream:
            with pytest.raises(APIConnectionError):
                async for _ in stream:
                    pass
        return hearing.reports

    async def test_a_stream_reports_its_connection_its_usage_and_its_error(self) -> None:
        reports = await self._reports(_Worker)
        metrics = [report for report in reports if isinstance(report, STTMetrics)]
        assert sorted((one.acquire_time, one.audio_duration) for one in metrics) == [(0.0, 1.5), (0.25, 0.0)]
        assert [type(report) for report in reports if report not in metrics] == [stt.STTError]

    async def test_an_unreported_stream_reports_none_of_these(self) -> None:
        assert await self._reports(_Unreported) == []

    async def test_a_stream_knows_that_an_adapter_tries_whether_its_stt_has_recovered(
        self, until: Until
    ) -> None:
        probed: list[bool] = []
        serving: list[bool] = []

        async def work(stream: _Worker) -> None:
            probed.append(stream.is_probed)
            if len(probed) == 1:
                raise APIConnectionError("no connection", retryable=False)
            await stream.pushed()

        async def serve(stream: _Worker) -> None:
            await until(lambda: len(probed) == 2)
            serving.append(stream.is_probed)
            await stream.pushed()

        adapter = stt.FallbackAdapter([_Hearing(work), _Hearing(serve)], max_retry_per_stt=0)
        async with adapter.stream():
            await until(lambda: serving)
        assert (probed, serving) == ([False, True], [False])
        await adapter.aclose()


def _end_of(stream: int) -> FfiEvent:
    """The event with which LiveKit ends the audio stream of that number."""
    event = FfiEvent()
    event.audio_stream_event.stream_handle = stream
    event.audio_stream_event.eos.SetInParent()
    return event


class TestAudioStreams:
    async def _handed(self, kind: type[rtc.AudioStream], mocker: MockerFixture) -> list[int]:
        """The streams whose ends the first of two audio streams is handed, until it has ended itself."""
        streams = []
        for number in (1, 2):
            made = SimpleNamespace(handle=SimpleNamespace(id=number), info=None)
            mocker.patch.object(rtc.AudioStream, "_create_owned_stream", return_value=made)
            streams.append(kind(None))  # type: ignore[arg-type]
            streams[-1]._ffi_handle.mark_consumed()  # the library has no such handle
        take = mocker.spy(streams[0]._ffi_queue, "put_nowait")
        for number in (2, 1):
            FfiClient.instance.queue.put(_end_of(number))
        for stream in streams:
            assert [frame async for frame in stream] == []
        return [call.args[0].audio_stream_event.stream_handle for call in take.call_args_list]

    async def test_an_audio_stream_is_handed_its_own_events_only(self, mocker: MockerFixture) -> None:
        assert await self._handed(OwnAudioStream, mocker) == [1]

    async def test_livekit_still_hands_the_events_of_all_audio_streams(self, mocker: MockerFixture) -> None:
        """Where this fails, LiveKit tells them apart itself."""
        assert await self._handed(rtc.AudioStream, mocker) == [2, 1]


class _Speaking(SynthesizeStream):
    """Speaks all that was pushed as one tone."""

    _tts: ToneTTS

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="request",
            sample_rate=self._tts.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        text = "".join([part async for part in self._pushed_texts if isinstance(part, str)])
        self._text_is_sent()
        output_emitter.start_segment(segment_id="segment")
        self._tts.speak(text, output_emitter)
        output_emitter.end_segment()


class _UnmeteredSpeaking(UnmeteredSynthesizeStream, _Speaking):
    pass


class _Chunked(tts.ChunkedStream):
    _tts: ToneTTS

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="request",
            sample_rate=self._tts.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
        )
        self._tts.speak(self.input_text, output_emitter)


class _UnmeteredChunked(UnmeteredChunkedStream, _Chunked):
    pass


class TestSynthesis:
    def _stream(self, kind: type[tts.SynthesizeStream], tone: ToneTTS) -> tts.SynthesizeStream:
        stream = kind(tts=tone, conn_options=ONCE)
        stream.push_text("Oui, ")
        stream.push_text("non.")
        stream.end_input()
        return stream

    @pytest.mark.parametrize(("kind", "count"), [(_Speaking, 1), (_UnmeteredSpeaking, 0)])
    async def test_a_stream_speaks_what_was_pushed_and_its_metrics_are_its_own_or_none(
        self, kind: type[tts.SynthesizeStream], count: int
    ) -> None:
        tone, metrics = ToneTTS(), list[TTSMetrics]()
        tone.on("metrics_collected", metrics.append)
        async with self._stream(kind, tone) as stream:
            assert b"".join([bytes(audio.frame.data) async for audio in stream]).startswith(tone.tone)
        assert tone.texts == ["Oui, non."]
        assert [one.ttfb >= 0.0 for one in metrics] == [True] * count

    @pytest.mark.parametrize(("kind", "count"), [(_Chunked, 1), (_UnmeteredChunked, 0)])
    async def test_a_stream_of_one_text_reports_its_metrics_or_none(
        self, kind: type[tts.ChunkedStream], count: int
    ) -> None:
        tone, metrics = ToneTTS(), list[TTSMetrics]()
        tone.on("metrics_collected", metrics.append)
        async with kind(tts=tone, input_text="Oui.", conn_options=ONCE) as stream:
            assert bytes((await stream.collect()).data) == tone.tone
        assert len(metrics) == count

    async def test_a_stream_that_has_ended_was_not_cancelled(self) -> None:
        ends: list[bool] = []
        async with self._stream(_Speaking, ToneTTS()) as stream:
            when_ended(stream, lambda span, cancelled: ends.append(cancelled))
            assert [audio async for audio in stream]
        assert ends == [False]

    async def test_a_stream_of_one_text_that_is_closed_early_was_cancelled(self) -> None:
        ends: list[bool] = []
        stream = _Chunked(tts=ToneTTS(), input_text="Oui.", conn_options=ONCE)
        when_ended(stream, lambda span, cancelled: ends.append(cancelled))
        await stream.aclose()
        assert ends == [True]

    def test_a_request_id_is_noted_with_the_emitter(self, mocker: MockerFixture) -> None:
        emitter = mocker.create_autospec(tts.AudioEmitter, instance=True)
        note_request_id(emitter, "request")
        (noted,) = emitter.method_calls
        assert noted.args == ("request",)


class TestAdapters:
    async def test_an_adapter_of_stts_has_them_in_order(self, interpreter: STT) -> None:
        other = STT(target_languages="de", speech_key="a-key", speech_region="westeurope")
        assert list(stts_in(stt.FallbackAdapter([interpreter, other]))) == [interpreter, other]

    async def test_an_adapter_of_ttss_has_them_in_order(self) -> None:
        first, second = ToneTTS(), ToneTTS()
        assert list(ttss_in(tts.FallbackAdapter([first, second]))) == [first, second]

    async def test_an_adapter_of_one_tts_has_it(self) -> None:
        wrapped = ToneTTS()
        assert tts_in(tts.StreamAdapter(tts=wrapped)) is wrapped


class TestSessions:
    @pytest.fixture
    async def session(self) -> AgentSession[None]:
        return AgentSession()

    async def test_a_session_has_one_scope_and_another_has_another(self, session: AgentSession[None]) -> None:
        assert scope_of(session) is scope_of(session) is not scope_of(AgentSession())

    async def test_a_task_that_speaks_for_a_session_has_its_scope(self, session: AgentSession[None]) -> None:
        async def speak() -> tuple[object, object]:
            spoken = SimpleNamespace(session=session)
            agent_activity._AgentActivityContextVar.set(spoken)  # type: ignore[arg-type]
            return speaking_scope(), activity()

        scope, found = await asyncio.create_task(speak())
        assert scope is scope_of(session)
        assert found is not None

    async def test_a_session_that_is_open_is_not_closing(self, session: AgentSession[None]) -> None:
        assert not is_closing(session)

    async def test_a_stream_that_a_session_opens_has_the_scope_of_the_session(
        self, enter: Callable[..., Awaitable[Room]]
    ) -> None:
        room = await enter()
        (opened,) = streams_of(room.stt).open.values()
        assert opened.ledgers.scope is scope_of(room.session)

    async def test_a_session_that_is_closed_with_an_error_says_so(
        self, enter: Callable[..., Awaitable[Room]], until: Until
    ) -> None:
        room = await enter()
        error = TTSError(timestamp=0.0, label="a label", error=ValueError("no"), recoverable=False)
        close_with(room.session, error)
        await until(lambda: room.closed)
        assert [(event.reason, event.error) for event in room.closed] == [(CloseReason.ERROR, error)]
        assert is_closing(room.session)

    def test_no_session_is_found_outside_one(self) -> None:
        assert (hearing_scope(), speaking_scope(), activity()) == (None, None, None)

    def test_no_session_is_found_without_livekits_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(agent_activity, "_AgentActivityContextVar")
        monkeypatch.delattr(audio_recognition, "_STTPipelineContextVar")
        assert (hearing_scope(), speaking_scope(), activity()) == (None, None, None)


class TestUnansweredTurns:
    @pytest.fixture(params=[InterpreterAgent(), Agent(instructions="Answer.")], ids=["interpreter", "other"])
    def agent(self, request: pytest.FixtureRequest) -> Iterator[Agent]:
        """The agent that hears the turn."""
        heard_by = SimpleNamespace(agent=request.param)
        token = agent_activity._AgentActivityContextVar.set(heard_by)  # type: ignore[arg-type]
        yield request.param
        agent_activity._AgentActivityContextVar.reset(token)

    def _passes(self, message: str) -> bool:
        record = logging.LogRecord("livekit.agents", logging.WARNING, __file__, 1, message, None, None)
        return bool(UnansweredTurns(InterpreterAgent).filter(record))

    def test_the_warning_is_dropped_for_an_interpreter_only(self, agent: Agent) -> None:
        assert self._passes(NOT_ANSWERED) is not isinstance(agent, InterpreterAgent)

    def test_other_warnings_pass(self, agent: Agent) -> None:
        assert self._passes("skipping user input, speech scheduling is paused")

    def test_the_warning_passes_outside_a_session(self) -> None:
        assert self._passes(NOT_ANSWERED)
