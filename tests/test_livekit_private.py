"""LiveKit has each private name that the package uses, and only one module of the package names them."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import logging
import textwrap
from collections.abc import AsyncIterator, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from architecture import NAME, Architecture, Path
from fakes.tts import ToneTTS
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, Agent, AgentSession, stt, tts
from livekit.agents.voice import agent_activity, audio_recognition

import livekit_plugins_azure_interpreter
from livekit_plugins_azure_interpreter import STT, InterpreterAgent, _livekit_private
from livekit_plugins_azure_interpreter._livekit_private import (
    NOT_ANSWERED,
    AnyRateStream,
    UnansweredTurns,
    activity,
    hearing_scope,
    is_closing,
    scope_of,
    speaking_scope,
    stts_in,
    tts_in,
    ttss_in,
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

RATES_HZ = [48000, 16000, 8000, 44100, 48000]


@cache
def names_of(holder: Any) -> frozenset[str]:
    """The private names of a class, also those that its methods set; or of a module."""
    assigned = (
        node.attr
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(holder))))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    )
    return frozenset(filter(is_private, {*vars(holder), *(assigned if isinstance(holder, type) else ())}))


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
        for name in _used_by(made) & _inherited_from_livekit(made)
    ]
    assert found == []


def _classes() -> Iterator[type]:
    house = Architecture.read(Path(livekit_plugins_azure_interpreter.__file__).parent)
    for name in house.modules:
        if name != "_livekit_private" and not name.endswith("__main__"):
            module = importlib.import_module(f"{NAME}.{name}".rstrip("."))
            yield from (
                one
                for one in vars(module).values()
                if isinstance(one, type) and one.__module__ == module.__name__
            )


def _used_by(made: type) -> set[str]:
    nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(made)))))
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
