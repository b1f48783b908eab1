"""The resilient interpreter of `deploy/`: what is heard while vendors are away, and what is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fakes.limits import within
from fakes.llm_service import LLMService
from fakes.room import Microphone, Speaker
from livekit.agents import AgentSession
from livekit.agents.testing import fake_job_context
from prometheus_client import REGISTRY
from resilience.interpreter import ResilientInterpreter

from livekit_plugins_azure_interpreter import session_options
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator

_KEY = "the-right-key"
_NOWHERE = "http://127.0.0.1:9/v1"


class Session:
    """An interpreter to French, without a room."""

    def __init__(self, session: AgentSession[None]) -> None:
        self.microphone, self.speaker = Microphone(speed=2.0), Speaker(speed=2.0)
        session.input.audio, session.output.audio = self.microphone, self.speaker


@pytest.fixture
async def backup() -> AsyncIterator[Emulator]:
    """The second Speech resource. Every text sounds the same there."""
    async with Emulator(Behaviour(silence_ms=200, synthesis_seconds=0.3)) as emulator:
        yield emulator


@pytest.fixture
async def start(
    monkeypatch: pytest.MonkeyPatch, backup: Emulator
) -> AsyncIterator[Callable[..., Awaitable[Session]]]:
    """Start a session whose first resource behaves like this."""
    opened: list[Callable[[], Awaitable[object]]] = []

    async def make(
        behaviour: Behaviour, *, key: str = _KEY, llm_url: str = _NOWHERE, **variables: str
    ) -> Session:
        first = Emulator(behaviour)
        await first.start()
        for name, value in {
            "AZURE_SPEECH_KEY": key,
            "AZURE_SPEECH_ENDPOINT": first.endpoint,
            "BACKUP_SPEECH_KEY": "any",
            "BACKUP_SPEECH_ENDPOINT": backup.endpoint,
            "LIVEKIT_API_KEY": "devkey",
            "LIVEKIT_API_SECRET": "a secret that is long enough to sign",
            "LIVEKIT_INFERENCE_URL": llm_url,
            **variables,
        }.items():
            monkeypatch.setenv(name, value)
        # It imports OpenAI's package: that takes a second, which those need not spend who only collect.
        from resilience.vendors import vendors  # noqa: PLC0415

        chosen = vendors("fr")
        options = session_options(session_close_transcript_timeout=0.1)
        agent_session = AgentSession[None](stt=chosen.hearing, tts=chosen.speaking, **options)
        opened.extend((first.aclose, chosen.aclose, agent_session.aclose))
        session = Session(agent_session)
        interpreter = ResilientInterpreter(chosen.translating, language="fr")
        await within(agent_session.start(interpreter, record=False))
        return session

    with fake_job_context():
        yield make
        while opened:
            await within(opened.pop()())


@pytest.fixture
def counted() -> Callable[..., float]:
    """How much a metric has grown since the test began."""

    def value(name: str, labels: dict[str, str]) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    before = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
    }
    return lambda name, **labels: value(name, labels) - before.get((name, frozenset(labels.items())), 0.0)


_PAIR = {"vendor": "pair", "model": "live-interpreter"}
_SECOND_STT = {"vendor": "second", "model": "unknown"}
_LLM = {"vendor": "first", "model": "openai/gpt-4.1-mini"}
_VERBATIM = {"vendor": "verbatim", "model": "verbatim"}
_VOICE_MODEL = "fr-FR-DeniseNeural"
_VOICE = {"vendor": "voice", "model": _VOICE_MODEL}
_SECOND_TTS = {"vendor": "second", "model": _VOICE_MODEL}
_SAID = (0.2, 0.7)


async def test_the_pair_alone_is_asked_while_all_is_well(
    start: Any, audio: Any, counted: Any, until: Any
) -> None:
    lines = [audio.line(1), audio.line(2)]
    session = await start(Behaviour(script=lines, silence_ms=200, key=_KEY))
    session.microphone.speak(audio.speech(_SAID, (1.5, 2.0), end=2.6))
    await session.speaker.until_played(2)
    for segment, line in zip(session.speaker.segments, lines, strict=True):
        assert audio.same(segment, line.voices["fr"].pcm)
    assert counted("interpreter_utterances_total", translated="yes") == 2
    assert counted("interpreter_calls_total", kind="tts", outcome="ok", **_PAIR) == 2
    assert counted("interpreter_audio_seconds_total", kind="tts", **_PAIR) == pytest.approx(1.0, abs=0.04)
    assert counted("interpreter_first_response_seconds_count", kind="tts", **_PAIR) == 2
    voiced = {"target_language": "fr", "outcome": "voiced"}
    await until(lambda: counted("interpreter_outcomes_total", **voiced) == 2)
    assert counted("interpreter_speech_seconds_total", target_language="fr") == pytest.approx(1.0, abs=0.5)
    for listener in ("ear_voice_span", "first_sound", "backlog"):
        assert counted(f"interpreter_{listener}_seconds_count", target_language="fr") == 2
    span = counted("interpreter_ear_voice_span_seconds_sum", target_language="fr")
    assert span > counted("interpreter_first_sound_seconds_sum", target_language="fr") > 0
    assert counted("interpreter_taken_off_total", kind="stt", **_PAIR) == 0
    assert counted("interpreter_calls_total", kind="llm", outcome="ok", **_VERBATIM) == 0


async def test_the_llm_translates_what_azure_heard_and_did_not_translate(
    start: Any, audio: Any, counted: Any
) -> None:
    async with LLMService({"sentence number 1": "phrase une"}) as llm:
        session = await start(
            Behaviour(
                script=[audio.line(1, translated=False)], silence_ms=200, synthesis_seconds=0.2, key=_KEY
            ),
            llm_url=llm.url,
        )
        session.microphone.speak(audio.speech(_SAID, end=1.2))
        await session.speaker.until_played(1)
    assert llm.tasks == ["Translate to french. Answer with the translation only."]
    assert len(session.speaker.segments[0]) / 32000 == pytest.approx(0.2, abs=0.02)
    assert counted("interpreter_utterances_total", translated="no") == 1
    assert counted("interpreter_calls_total", kind="llm", outcome="ok", **_LLM) == 1
    assert counted("interpreter_calls_total", kind="tts", outcome="ok", **_VOICE) == 1
    assert counted("interpreter_taken_off_total", kind="tts", **_PAIR) == 0


async def test_the_fallbacks_hear_translate_and_speak_while_azure_refuses_and_each_failure_is_counted(
    start: Any, audio: Any, counted: Any
) -> None:
    session = await start(Behaviour(key=_KEY), key="a-wrong-key")
    session.microphone.speak(audio.speech(_SAID, (1.5, 2.0), end=2.6))
    await session.speaker.until_played(2)
    # Every translator is away but the last: the words are said as they are, in the second resource's voice.
    seconds = [len(segment) / 32000 for segment in session.speaker.segments]
    assert seconds == [pytest.approx(0.3, abs=0.02)] * 2
    choices = (("stt", _PAIR, _SECOND_STT), ("llm", _LLM, _VERBATIM), ("tts", _PAIR, _SECOND_TTS))
    for kind, first, second in choices:
        assert counted("interpreter_taken_off_total", kind=kind, **first) == 1
        assert counted("interpreter_calls_total", kind=kind, outcome="error", **first) >= 1
        assert counted("interpreter_calls_total", kind=kind, outcome="ok", **first) == 0
        assert counted("interpreter_taken_off_total", kind=kind, **second) == 0
    assert counted("interpreter_calls_total", kind="llm", outcome="ok", **_VERBATIM) == 2
    assert counted("interpreter_calls_total", kind="tts", outcome="ok", **_SECOND_TTS) == 2


async def test_the_second_resource_is_reached_at_a_host_and_not_in_the_region_of_the_first(
    start: Any, backup: Emulator, audio: Any, counted: Any
) -> None:
    session = await start(
        Behaviour(key=_KEY),
        key="a-wrong-key",
        AZURE_SPEECH_REGION="nowhere",
        BACKUP_SPEECH_ENDPOINT="",
        BACKUP_SPEECH_HOST=backup.endpoint.removesuffix("/speech/universal/v2"),
    )
    session.microphone.speak(audio.speech(_SAID, end=1.2))
    await session.speaker.until_played(1)
    assert len(backup.synthesized) == 1
    for kind, second in (("stt", _SECOND_STT), ("tts", _SECOND_TTS)):
        assert counted("interpreter_taken_off_total", kind=kind, **second) == 0
